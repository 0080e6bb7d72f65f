#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the nested lab as tests: lab-test.py GROUP (TAP on stdout).

Each case is one lab/run, with the real vfio-pci, vgaarb and KVM of a Linux
host, and looks at the adapter's screen from outside. If a case is about a
defect of the unpatched QEMU, the same run on build/qemu-base must show the
defect: a test that cannot fail there proves nothing here.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, 'lab'))

from vgalab import debian, disks        # noqa: E402 (path is set above)

BUILD = os.environ.get('VGA_ASSIGN_BUILD', os.path.join(TOP, 'build'))
BASE = os.path.join(BUILD, 'qemu-base', 'qemu-system-x86_64')
NO_DISK = 'No bootable device'
HOST_SCREEN = "This is the host's own screen."
# Without a disk the guest boots with 16 thousand forwarded writes or more.
FEW_WRITES = 1000

# Another user of the legacy ranges locks them again and again, and interrupts
# the waiting vCPU with SIGUSR1, which makes the kernel return EINTR. QEMU
# itself interrupts a vCPU with SIGUSR1, as soon as it has a handler for it
# (SigCgt). On a busy machine a sleep takes many times as long as it should.
# The guest only runs in the pauses between two locks, so these are longer than
# the locks.
CONTENDER = '''
( exec 3<>/dev/vga_arbiter
  printf 'target PCI:0000:01:00.0' >&3
  until qemu=$(pidof qemu-system-x86_64) &&
        caught=$(sed -n 's/^SigCgt:[[:space:]]*/0x/p' /proc/$qemu/status) &&
        [ $((caught & 0x200)) != 0 ]; do usleep 100000; done
  while kill -0 "$qemu"; do
      printf 'lock io+mem' >&3
      for i in 1 2; do usleep 5000; kill -USR1 "$qemu"; done
      printf 'unlock io+mem' >&3
      usleep 100000
  done ) 2>/dev/null &
'''


class Failure(Exception):
    """A case failed."""


class Lab:
    """One lab/run and its results."""

    def __init__(self, name, *arguments, until=NO_DISK, status=0):
        self.out = os.path.join(BUILD, 'tests', 'lab', name)
        # A case may pass its own --out, because the last one counts.
        command = [os.path.join(TOP, 'lab', 'run'), '--out', self.out,
                   *arguments]
        if until:
            command += ['--until', until]
        done = subprocess.run(command, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        self.said = done.stderr.strip()
        if done.returncode != status:
            raise Failure(f'lab/run ended with {done.returncode}, not {status}:'
                          f' {self.said or done.stdout.strip()}; see {self.out}')
        self.result = {}
        path = os.path.join(self.out, 'result.json')
        if os.path.exists(path):
            self.result = json.loads(self.read('result.json'))
            for hang in self.result['hangs']:
                print(f'# {name}: the emulated host hung and was started '
                      f'again: {hang}')

    def read(self, name):
        """Return a file of the run."""
        with open(os.path.join(self.out, name), encoding='utf-8') as file:
            return file.read()

    def qemu_log(self, text):
        """Return how often the inner QEMU said something."""
        return self.read('qemu.log').count(text)


def require(truth, message):
    """Fail with the message unless the condition holds."""
    if not truth:
        raise Failure(message)


def boots(name, *arguments, host='VGA', adapter='cirrus-vga', patched=True):
    """A BIOS guest without a disk shows text on the assigned adapter."""
    lab = Lab(name, '--adapter', host, '--adapter', adapter, '--guest',
              'seabios', *arguments)
    own, assigned = lab.result['adapters']
    require(assigned['driver'] == 'vfio-pci', 'vfio-pci has not the adapter')
    require('SeaBIOS (version' in lab.read('adapter1.txt'),
            'no SeaBIOS banner on the assigned adapter')
    require(own['boot_vga'], 'adapter 0 is not the boot VGA of the host')
    require(own['text_unchanged'] and
            lab.read('adapter0.txt').startswith(HOST_SCREEN),
            'the host\'s own screen changed')
    require(not lab.read('qemu.log'), 'the inner QEMU complained')
    counters = lab.result['counters']
    if patched:
        require(counters['guest_writes'] > FEW_WRITES,
                f'{counters["guest_writes"]} forwarded writes')
        require(counters['region_failures'] == 0, 'accesses failed')
    else:
        require(not counters,
                'this is not the unpatched QEMU: it has counters')


def boot_case(machine, accel, adapter, *more, name='', **options):
    """Return (description, function) of a boots() run."""
    title = f'{machine} {accel} {adapter}' + (f' {name}' if name else '')
    return (title, lambda: boots(
        title.replace(' ', '-'), '--machine', machine, '--accel', accel, *more,
        host='cirrus-vga' if adapter == 'VGA' else 'VGA', adapter=adapter,
        **options))


def guest_case(guest, machine, *texts):
    """A guest of the lab shows all the texts on the adapter."""
    def case():
        lab = Lab(f'{guest}-{machine}', '--guest', guest, '--machine', machine,
                  '--seconds', '400', until=texts[0])
        screen = lab.read('adapter1.txt')
        for text in texts:
            require(text in screen, f'"{text}" is not on the screen')
        require(lab.result['adapters'][0]['text_unchanged'],
                'the host\'s own screen changed')
    return (f'{guest} on {machine}', case)


def refusal_case(name, texts, *arguments):
    """x-vga=on is impossible, and QEMU says why and what to do."""
    def case():
        lab = Lab(name, '--guest', 'seabios', *arguments,
                  until='qemu:' + texts[0])
        log = ' '.join(lab.read('qemu.log').split())
        for text in texts:
            require(text in log, f'"{text}" is not in: {log}')
    return (name.replace('-', ' '), case)


def interrupted_accesses():
    """EINTR from the arbiter loses accesses unpatched, but not patched."""
    # The effect of lost accesses on a guest varies: some never reach a disk.
    base = Lab('interrupted-base', '--qemu', BASE, '--guest', 'seabios',
               '--host-cmd', CONTENDER, '--seconds', '300',
               until='qemu:Interrupted system call')
    lost = base.qemu_log('Interrupted system call')
    require(lost, 'the unpatched QEMU lost no access: the contender did '
            'not contend')
    print(f'# unpatched QEMU lost {lost} accesses')
    patched = Lab('interrupted', '--guest', 'seabios', '--host-cmd',
                  CONTENDER, '--seconds', '900')
    count = patched.result['counters']
    require(not patched.read('qemu.log'), 'the inner QEMU complained')
    require(count['guest_writes'] > FEW_WRITES, f'the guest drew little: '
            f'{count}')
    require(count['region_failures'] == 0, f'accesses failed: {count}')


def disk_of_the_user():
    """--disk takes a file name that QEMU's option syntax would cut."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'my, own disk.img')
        shutil.copy(disks.grub_disk(-1), path)
        lab = Lab('disk', '--disk', path, '--seconds', '200',
                  until='Linux on the assigned adapter')
    require('GNU GRUB' in lab.read('adapter1.txt'), 'GRUB is not there')


def package_file(*path):
    """Return a file of the lab's Debian packages."""
    return os.path.join(debian.packages(), 'root', *path)


def cdrom_of_the_user():
    """--cdrom boots Debian's memtest86+ image."""
    for machine in ('pc', 'q35'):
        Lab(f'cdrom-{machine}', '--machine', machine, '--seconds', '200',
            '--cdrom', package_file('usr', 'lib', 'memtest86+',
                                    'memtest86+x64.iso'), until='Memtest86')


def firmware_of_the_user():
    """--bios uses SeaBIOS's 128 KiB build, known by its banner."""
    lab = Lab('bios', '--bios', os.path.join(BUILD, 'seabios', 'bios.bin'),
              '--guest', 'seabios')
    require('SeaBIOS' in lab.read('adapter1.txt'), 'no SeaBIOS banner')


def boot_vga_with_a_file():
    """--assign, --file, --device-opts: the boot VGA needs a pristine ROM."""
    lab = Lab('boot-vga', '--assign', '0', '--adapter', 'VGA', '--adapter',
              'cirrus-vga', '--guest', 'seabios', '--file',
              os.path.join(BUILD, 'seabios', 'vgabios-stdvga.bin')
              + ':/roms/vga.rom', '--device-opts', 'romfile=/roms/vga.rom')
    card = lab.result['adapters'][0]
    require(card['assigned'] and card['boot_vga'] and
            card['driver'] == 'vfio-pci', f'adapter 0 is not assigned: {card}')
    require(NO_DISK in lab.read('adapter0.txt'), 'nothing on its screen')


def words_for_host_and_qemu():
    """--host-cmd and --arg: their output is where it belongs."""
    lab = Lab('words', '--host-cmd', 'echo the host was here > /dev/console',
              '--host-cmd', 'event qemu a line that is not from QEMU',
              '--arg', "-name 'a guest' -smp 2", '--guest', 'seabios')
    require('the host was here' in lab.read('host.log'), 'not in host.log')
    require('a line that is not from QEMU' in lab.read('qemu.log'),
            'not in qemu.log')
    require('max. 2' in lab.read('guest.log') or
            'Found 2 cpu' in lab.read('guest.log'), 'not two processors')


def no_regex():
    """Without --until the guest runs for --seconds, which is a success."""
    lab = Lab('no-regex', '--guest', 'seabios', '--seconds', '10', until=None)
    require(lab.result['verdict'] == 'ran', lab.result['verdict'])
    failed = Lab('no-guest', '--guest', 'seabios', '--seconds', '10', '--arg',
                 '-device nonsense', until=None, status=1)
    require("'nonsense' is not a valid device model" in failed.said,
            failed.said)


def usage_case(name, text, *arguments, status=2):
    """Bad input gives one line that names it, and the exit status."""
    def case():
        lab = Lab('usage', *arguments, until=None, status=status)
        require(text in lab.said, f'"{text}" is not in: {lab.said}')
        # The first build prints a line as well.
        lines = [line for line in lab.said.splitlines()
                 if not line.startswith(('lab: building ', 'lab: getting '))]
        require(len(lines) == 1, f'not one line: {lab.said}')
        require(not lab.result, 'there is a result')
    return (name, case)


def host_hang():
    """A host without a heartbeat is tried again, and gives no result."""
    os.environ['VGALAB_HEARTBEAT_SECONDS'] = '10'
    try:
        lab = Lab('hang', '--host-cmd', 'kill $heartbeat; sleep 1000',
                  until=None, status=4)
    finally:
        del os.environ['VGALAB_HEARTBEAT_SECONDS']
    for text in ('try 1 of 3', 'try 3 of 3', 'hung in every try'):
        require(text in lab.said, f'"{text}" is not in: {lab.said}')
    require(not lab.result, 'there is a result')


BOOTED = ('LAB GUEST READY', 'console: colour VGA+ 80x25', 'boot_vga 1')
OFFERS_NONE = 'x-vga=on needs a VGA region, and the adapter offers none'

GROUPS = {
    'pc': [boot_case('pc', accel, adapter) for accel in ('kvm', 'tcg')
           for adapter in ('cirrus-vga', 'ati-vga', 'VGA')],
    'q35': [boot_case('q35', accel, adapter) for accel in ('kvm', 'tcg')
            for adapter in ('cirrus-vga', 'ati-vga', 'VGA')],
    'models': [boot_case('pc', 'kvm', adapter) for adapter in
               ('qxl-vga', 'virtio-vga', 'vmware-svga')],
    'unpatched': [boot_case(machine, 'kvm', 'cirrus-vga', '--qemu', BASE,
                            name='unpatched', patched=False)
                  for machine in ('pc', 'q35')],
    'guests': [
        guest_case('grub', 'pc', 'Linux on the assigned adapter', 'GNU GRUB'),
        guest_case('memtest', 'pc', 'Memtest86+'),
        guest_case('linux', 'pc', *BOOTED),
        guest_case('linux', 'q35', *BOOTED),
    ],
    'arbiter': [('interrupted accesses are not lost', interrupted_accesses)],
    'refusals': [
        refusal_case('vfio-pci-with-disable_vga',
                     (OFFERS_NONE, 'was loaded with disable_vga=1',
                      'then reload vfio-pci'),
                     '--host-cmd', 'lab_vfio_reload disable_vga=1'),
        # In a kernel without VGA access the parameter's file is missing.
        refusal_case('kernel-without-VGA-access',
                     (OFFERS_NONE, 'built without CONFIG_VFIO_PCI_VGA'),
                     '--host-cmd', 'lab_vfio_reload disable_vga=1',
                     '--host-cmd',
                     'mount -t tmpfs none /sys/module/vfio_pci/parameters'),
        refusal_case('no-VGA-controller', (OFFERS_NONE, 'class is 0x0106',
                                           "'lspci -nn' shows [0300]"),
                     '--host-cmd', 'lab_vfio_bind 0000:00:1f.2', '--arg',
                     '-device vfio-pci,host=00:1f.2,x-vga=on'),
        refusal_case('class-code-that-contradicts',
                     ('x-vga=on contradicts x-pci-class-code=0x038000',),
                     '--device-opts', 'x-pci-class-code=0x038000'),
    ],
    'options': [
        ('--disk with a comma and a space in its name', disk_of_the_user),
        ('--cdrom', cdrom_of_the_user),
        ('--bios', firmware_of_the_user),
        ('--assign, --file and --device-opts', boot_vga_with_a_file),
        ('--host-cmd and --arg', words_for_host_and_qemu),
        ('no --until', no_regex),
    ],
    'usage': [
        usage_case('model that is not a display', 'no display device e1000',
                   '--adapter', 'e1000'),
        usage_case('display that is not a VGA', 'Display controller, but',
                   '--adapter', 'secondary-vga'),
        usage_case('unknown property of a model', "'VGA.nonsense' not found",
                   '--adapter', 'VGA,nonsense=1'),
        usage_case('--assign out of range', 'adapters 0 to 1',
                   '--assign', '2'),
        usage_case('unreadable disk', 'No such file', '--disk', '/nowhere'),
        usage_case('two sources of a guest', 'one of --guest, --disk',
                   '--guest', 'grub', '--disk', '/dev/null'),
        usage_case('--until that is not a regex', 'unterminated',
                   '--until', '['),
        usage_case('QEMU that is not there', 'run make qemu', '--qemu',
                   '/nowhere', status=4),
        usage_case('no place for the results', 'Not a directory',
                   '--out', '/dev/null/results', status=4),
        usage_case('host that panics', 'the emulated host went down',
                   '--host-cmd', 'echo c > /proc/sysrq-trigger', status=4),
        ('host that hangs', host_hang),
    ],
}


def main():
    """Run one group, with one TAP line for each case."""
    if len(sys.argv) != 2 or sys.argv[1] not in GROUPS:
        sys.exit(f'usage: lab-test.py {"|".join(GROUPS)}')
    cases = GROUPS[sys.argv[1]]
    print(f'1..{len(cases)}', flush=True)
    for number, (title, case) in enumerate(cases, 1):
        try:
            case()
            print(f'ok {number} - {title}', flush=True)
        except Failure as failure:
            print(f'not ok {number} - {title}')
            print('\n'.join(f'# {line}' for line in str(failure).split('\n')),
                  flush=True)


if __name__ == '__main__':
    main()
