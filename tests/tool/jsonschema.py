# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of JSON Schema that tools/vga-assign/schema.json uses."""
import re

TYPES = {'object': dict, 'array': list, 'string': str, 'boolean': bool,
         'null': type(None)}
KNOWN = {'$comment', '$schema', 'title', 'definitions', '$ref', 'type',
         'const', 'enum', 'pattern', 'required', 'properties', 'oneOf',
         'additionalProperties', 'items'}


def is_type(value, name):
    """Return whether a value has a type of JSON; a bool is not an integer."""
    if name == 'integer':
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def problems(value, schema, root, where='$'):
    """Return what is wrong, as a list of sentences."""
    unknown = set(schema) - KNOWN
    if unknown:
        return ['%s: the checker does not know %s' % (where, sorted(unknown))]
    if '$ref' in schema:
        schema = root['definitions'][schema['$ref'].split('/')[-1]]
    found = []
    if 'type' in schema:
        names = schema['type']
        names = [names] if isinstance(names, str) else names
        if not any(is_type(value, n) for n in names):
            return ['%s: %r is not of type %s' % (where, value, names)]
    if 'const' in schema and value != schema['const']:
        found.append('%s: %r is not %r' % (where, value, schema['const']))
    if 'enum' in schema and value not in schema['enum']:
        found.append('%s: %r is none of %s' % (where, value, schema['enum']))
    if 'pattern' in schema and isinstance(value, str) and \
            not re.search(schema['pattern'], value):
        found.append('%s: %r is not like %s' % (where, value,
                                                schema['pattern']))
    if isinstance(value, dict):
        found += object_problems(value, schema, root, where)
    if isinstance(value, list) and 'items' in schema:
        for i, item in enumerate(value):
            found += problems(item, schema['items'], root,
                              '%s[%d]' % (where, i))
    if 'oneOf' in schema:
        tries = [problems(value, s, root, where) for s in schema['oneOf']]
        if sum(not t for t in tries) != 1:
            found.append('%s: not just one of oneOf: %s' % (
                where, min(tries, key=len)))
    return found


def object_problems(value, schema, root, where):
    """Return what is wrong with an object's members."""
    known = schema.get('properties', {})
    found = ['%s: %s is missing' % (where, name)
             for name in schema.get('required', []) if name not in value]
    for name, member in value.items():
        if name in known:
            found += problems(member, known[name], root, where + '.' + name)
        elif schema.get('additionalProperties') is False:
            found.append('%s: %s is not in the schema' % (where, name))
    return found
