# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion of vga-assign's commands, options and display adapters.

# Each line has a command and its options.
_vga_assign_options()
{
    case $1 in
    list) echo "--json --sysfs-root --firmware --read-rom" ;;
    check) echo "--json --sysfs-root --machine --firmware --memory --romfile --read-rom" ;;
    rom-info) echo "--json --firmware" ;;
    rom-dump) echo "--json --sysfs-root --source --apply --force --output" ;;
    rom-verify) echo "--json --sysfs-root --firmware --for" ;;
    rom-fix) echo "--json --sysfs-root --for --ids --images --force --output" ;;
    args) echo "--json --sysfs-root --machine --memory --romfile --emulator" ;;
    xml) echo "--json --sysfs-root --romfile --domain --full --emulator" ;;
    proxmox) echo "--json --sysfs-root --machine --romfile --vmid" ;;
    bind) echo "--json --sysfs-root --force --apply --group --persist --undo" ;;
    unbind) echo "--json --sysfs-root --apply --group --undo" ;;
    report) echo "--sysfs-root --force --output" ;;
    esac
}

_vga_assign_adapters()
{
    local class
    for class in /sys/bus/pci/devices/*/class; do
        case $(cat "$class" 2>/dev/null) in
        0x03*) class=${class%/class} && echo "${class##*/}" ;;
        esac
    done
}

_vga_assign()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]} words='' first=2
    local commands="list check rom args xml proxmox bind unbind report"

    if [ "$command" = rom ]; then
        command=rom-${COMP_WORDS[2]:-}
        first=3
    fi
    if [ "$COMP_CWORD" = 1 ]; then
        words="help $commands --help --version"
    elif [ "$COMP_CWORD" -lt "$first" ] || [ "$command $prev" = "help rom" ]; then
        words="info dump verify fix"
    elif [ "$command" = help ]; then
        [ "$COMP_CWORD" != 2 ] || words=$commands
    else
        case $prev in
        --machine) words="q35 pc" ;;
        --firmware) words="bios uefi" ;;
        --images) words="all bios uefi" ;;
        --source) words="auto rom flash vfct" ;;
        --memory) words="1G 2G 4G 8G" ;;
        --for) words=$(_vga_assign_adapters) ;;
        --ids | --vmid) return ;;
        --sysfs-root | --romfile | --domain | --emulator | --undo | --output | -o)
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            return ;;
        *) case $cur in
            -*) words="$(_vga_assign_options "$command") --help" ;;
            *) case $command in
                rom-info | rom-verify | rom-fix)
                    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                    return ;;
                list | report) return ;;
                *) words=$(_vga_assign_adapters) ;;
                esac ;;
            esac ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    # An address has colons, at which readline splits words.
    ! declare -F __ltrim_colon_completions >/dev/null || __ltrim_colon_completions "$cur"
}

complete -F _vga_assign vga-assign
