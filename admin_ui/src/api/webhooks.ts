// Webhooks: where changes of records are sent, and what became of the calls.
import { call } from './client'

export type ChangeType = 'CREATE' | 'UPDATE' | 'DELETE' | 'UNDELETE'

export interface Watched {
  object: string
  events: ChangeType[]
  /** A formula that the record meets when it is sent. */
  criteria: string | null
  /** What is told of the record in place of what changed. */
  fields: string[]
  /** An update is sent only where one of these changed. */
  changed: string[]
}

export interface Webhook {
  id: string
  label: string
  url: string
  objects: Watched[]
  /** The component that says what is watched. */
  declared: string | null
  batch_size: number
  is_active: boolean
  stopped_because: 'failing' | 'gone' | 'run_as' | 'secret' | null
  missed: number
  failures: number
  failing_since: string | null
  resume_at: string | null
  last_success_at: string | null
  last_error: string | null
  old_secret_until: string | null
  behind: number
  waiting: number
  dead: number
  run_as: { id: string; name: string; username: string; is_active: boolean } | null
}

/** One that a package declares, and that leads nowhere yet. */
export interface DeclaredWebhook {
  name: string
  label: string
  objects: Watched[]
}

export interface WebhookDraft {
  label: string
  url: string
  objects: Watched[]
  declared: string | null
  run_as_user_id: string | null
  batch_size: number
  is_active: boolean
}

export type DeliveryStatus = 'waiting' | 'delivered' | 'dead'

export interface Delivery {
  id: string
  status: DeliveryStatus
  is_test: boolean
  attempts: number
  due_at: string
  ended_at: string | null
  http_status: number | null
  error: string | null
  answer: string | null
  milliseconds: number | null
  created_at: string
  record_count: number
  changes: { object: string; type: ChangeType; record_ids: string[] }[] | null
}

const ROOT = '/setup/webhooks'
const one = (id: string) => `${ROOT}/${encodeURIComponent(id)}`

export const webhooks = () => call<{ webhooks: Webhook[]; declared: DeclaredWebhook[] }>('GET', ROOT)
export const createWebhook = (draft: WebhookDraft) => call<{ id: string; secret: string }>('POST', ROOT, { body: draft })
export const updateWebhook = (id: string, draft: Partial<WebhookDraft>) => call<void>('PATCH', one(id), { body: draft })
export const deleteWebhook = (id: string) => call<void>('DELETE', one(id))
export const renewWebhookSecret = (id: string) => call<{ secret: string }>('POST', `${one(id)}/secret`)
export const testWebhook = (id: string) => call<{ delivery: string }>('POST', `${one(id)}/test`)
export const deliveries = (id: string, status: DeliveryStatus | null) =>
  call<{ deliveries: Delivery[] }>('GET', `${one(id)}/deliveries?limit=100${status ? `&status=${status}` : ''}`)
export const replayDeliveries = (id: string, ids: string[] | null) =>
  call<{ replayed: number }>('POST', `${one(id)}/replay`, { body: ids === null ? {} : { ids } })
