// How a webhook is: what its tag says, and of which colour.
import type { ChangeType, DeliveryStatus, Watched, Webhook } from '../../api/webhooks'

export const CHANGE_TYPES: ChangeType[] = ['CREATE', 'UPDATE', 'DELETE', 'UNDELETE']
export const DELIVERY_COLOURS: Record<DeliveryStatus, string | undefined> = {
  waiting: 'orange',
  delivered: 'green',
  dead: 'red',
}

export type State = 'well' | 'new' | 'failing' | 'off' | 'stopped'
export const STATE_COLOURS: Record<State, string | undefined> = {
  well: 'green',
  new: undefined,
  failing: 'orange',
  off: undefined,
  stopped: 'red',
}

export function stateOf(webhook: Webhook): State {
  if (!webhook.is_active) return webhook.stopped_because ? 'stopped' : 'off'
  if (webhook.failing_since !== null) return 'failing'
  return webhook.last_success_at === null ? 'new' : 'well'
}

export const NOTHING_WATCHED: Watched = { object: '', events: CHANGE_TYPES, criteria: null, fields: [], changed: [] }
