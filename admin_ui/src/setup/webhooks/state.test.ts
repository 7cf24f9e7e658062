import { expect, test } from 'vitest'
import type { Webhook } from '../../api/webhooks'
import { stateOf } from './state'

const webhook = (values: Partial<Webhook>) =>
  ({ is_active: true, stopped_because: null, failing_since: null, last_success_at: null, ...values }) as Webhook

test.each([
  [{}, 'new'],
  [{ last_success_at: '2026-01-01T00:00:00Z' }, 'well'],
  [{ last_success_at: '2026-01-01T00:00:00Z', failing_since: '2026-01-02T00:00:00Z' }, 'failing'],
  [{ is_active: false }, 'off'],
  [{ is_active: false, stopped_because: 'gone' as const, failing_since: '2026-01-02T00:00:00Z' }, 'stopped'],
])('%o is %s', (values, state) => expect(stateOf(webhook(values))).toBe(state))
