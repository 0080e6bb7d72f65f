# SPDX-License-Identifier: GPL-2.0-or-later
"""The inner QEMU, which runs the guest on the host: its command line."""

import json
import re
import shlex

# An adapter that a process of the host serves is at this socket.
SOCKET = '/tmp/served'


def bdf(number):
    """Returns where the host has an adapter: each is behind a root port."""
    return f'0000:{number + 1:02x}:00.0'


def json_value(text):
    """Returns the value of a property with the type that JSON needs."""
    if text in ('on', 'off'):
        return text == 'on'
    return int(text, 0) if re.fullmatch(r'\d+|0x[0-9a-f]+', text) else text


def assigned_device(options):
    """Returns the -device argument of the adapter that the guest gets."""
    more = [p for p in options.device_opts.split(',') if p]
    if options.machine == 'q35':
        more.insert(0, 'bus=root-port')
    if not options.served and not options.served_by:
        return ','.join([f'vfio-pci,host={bdf(options.assign)}', 'x-vga=on',
                         'id=assigned', *more])
    return json.dumps({
        'driver': 'vfio-user-pci', 'id': 'assigned', 'x-vga': True,
        'socket': {'type': 'unix', 'path': SOCKET},
        **{name: json_value(value) for name, _, value in
           (p.partition('=') for p in more)}})


def server_command(options):
    """Returns what serves an adapter on the host, and waits for its socket."""
    if not options.served and not options.served_by:
        return ''
    server = options.served_by or shlex.join([
        'qemu-system-x86_64', '-L', '/firmware', '-nodefaults',
        '-no-user-config', '-display', 'none', '-vga', 'none', '-machine',
        'x-remote,vfio-user=on', '-device', options.served + ',id=served',
        '-object', 'x-vfio-user-server,id=server,type=unix,device=served,'
        f'path={SOCKET}'])
    return f'{server} &\nuntil [ -S {SOCKET} ]; do usleep 100000; done\n'


def guest_command(options):
    """Returns the inner QEMU's command line."""
    machine = f'{options.machine},accel={options.accel}'
    if options.smm:
        machine += f',smm={options.smm}'
    command = [
        'qemu-system-x86_64', '-L', '/firmware', '-nodefaults',
        '-no-user-config', '-machine', machine,
        '-cpu', 'host' if options.accel == 'kvm' else 'max', '-m', '256',
        '-display', 'none', '-vga', 'none',
        '-chardev', 'serial,id=debug,path=/dev/ttyS3',
        '-device', 'isa-debugcon,iobase=0x402,chardev=debug',
        '-chardev', 'serial,id=qmp,path=/dev/ttyS2',
        '-mon', 'chardev=qmp,mode=control']
    if options.machine == 'q35':
        command += ['-device', 'pcie-root-port,id=root-port,chassis=1']
    command += ['-device', assigned_device(options)]
    if options.bios:
        command += ['-bios', '/lab/bios']
    if options.disk:
        command += ['-drive', 'file=/dev/vda,format=raw,if=none,id=disk',
                    '-device', 'virtio-blk-pci,drive=disk,bootindex=0']
    if options.cdrom:
        command += ['-drive', 'file=/dev/vda,format=raw,media=cdrom']
    for name in ('kernel', 'initrd'):
        if getattr(options, name):
            command += ['-' + name, '/lab/' + name]
    if options.append:
        command += ['-append', options.append]
    return command + options.arguments
