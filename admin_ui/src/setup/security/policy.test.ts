import { expect, test } from 'vitest'
import { changesBetween, valueOf, withValue } from './policyKeys'

const defaults = { password: { min_length: 10, complexity: false } }

test('a value of the tenant goes before the default', () => {
  expect(valueOf({}, defaults, 'password', 'min_length')).toBe(10)
  expect(valueOf({ password: { min_length: 14 } }, defaults, 'password', 'min_length')).toBe(14)
  expect(valueOf({}, {}, 'session', 'hours')).toBe(null)
})

test('what was taken back is told as null', () => {
  const before = { password: { min_length: 14, complexity: true }, four_eyes: ['login_as'] }
  const after = { ...withValue(before, 'password', 'min_length', null), four_eyes: [] }
  expect(changesBetween(before, after)).toEqual({
    password: { complexity: true, min_length: null },
    verification_minutes: null,
    login: null,
    four_eyes: null,
  })
})
