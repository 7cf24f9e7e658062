// What of the security policy is a switch, a number or a choice, in the order of the page.
import type { SecurityPolicy } from '../../api/security'

export type Section = 'password' | 'lockout' | 'session' | 'second_factor' | 'programs' | 'login_as'

export type Key =
  | { kind: 'switch'; name: string }
  | { kind: 'number'; name: string; least: number; most: number; unit: 'minutes' | 'hours' | 'days' | null }
  | { kind: 'choice'; name: string; options: string[] }

const number = (name: string, least: number, most: number, unit: 'minutes' | 'hours' | 'days' | null = null): Key => ({
  kind: 'number',
  name,
  least,
  most,
  unit,
})

export const SECTIONS: { name: Section; keys: Key[] }[] = [
  {
    name: 'password',
    keys: [
      number('min_length', 10, 64),
      { kind: 'switch', name: 'refuse_common' },
      { kind: 'switch', name: 'complexity' },
      number('history', 0, 24),
      number('max_age_days', 0, 3650, 'days'),
    ],
  },
  { name: 'lockout', keys: [number('failures', 3, 20), number('longest_minutes', 1, 1440, 'minutes')] },
  {
    name: 'session',
    keys: [
      number('idle_minutes', 5, 1440, 'minutes'),
      number('hours', 1, 720, 'hours'),
      number('most_per_user', 0, 100),
      { kind: 'switch', name: 'bind_browser' },
      { kind: 'switch', name: 'bind_address' },
    ],
  },
  {
    name: 'second_factor',
    keys: [
      { kind: 'switch', name: 'required' },
      { kind: 'switch', name: 'passkey_alone' },
    ],
  },
  {
    name: 'programs',
    keys: [
      { kind: 'switch', name: 'password_grant' },
      { kind: 'switch', name: 'soap_login' },
    ],
  },
  {
    name: 'login_as',
    keys: [
      { kind: 'choice', name: 'allowed', options: ['no', 'when_granted', 'always'] },
      number('longest_minutes', 5, 1440, 'minutes'),
    ],
  },
]

export const ACTS = [
  'permission_set',
  'security_policy',
  'package',
  'key_destruction',
  'field_decryption',
  'journal_export',
  'login_as',
]
export const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

/** The value in force: the tenant's own, or what holds without one. */
export function valueOf(policy: SecurityPolicy, defaults: SecurityPolicy, section: Section, key: string): unknown {
  return policy[section]?.[key] ?? defaults[section]?.[key] ?? null
}

/** The policy with one key set; null takes it back to the default. */
export function withValue(policy: SecurityPolicy, section: Section, key: string, value: unknown): SecurityPolicy {
  const { [key]: _, ...rest } = (policy[section] ?? {}) as Record<string, unknown>
  return { ...policy, [section]: value === null ? rest : { ...rest, [key]: value } }
}

/** What the server has to be told so that its policy becomes this one: null for every key that is gone. */
export function changesBetween(before: SecurityPolicy, after: SecurityPolicy): Record<string, unknown> {
  const changes: Record<string, unknown> = {}
  for (const { name } of SECTIONS) {
    const gone = Object.keys(before[name] ?? {}).filter((key) => !(key in (after[name] ?? {})))
    const section = { ...after[name], ...Object.fromEntries(gone.map((key) => [key, null])) }
    if (Object.keys(section).length > 0) changes[name] = section
  }
  return {
    ...changes,
    verification_minutes: after.verification_minutes ?? null,
    login: after.login && Object.keys(after.login).length > 0 ? after.login : null,
    four_eyes: after.four_eyes && after.four_eyes.length > 0 ? after.four_eyes : null,
  }
}
