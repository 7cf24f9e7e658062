// Masked values in clear, for a reason.
import { call } from './client'
import type { Person, Values } from './types'

export interface Revealed {
  id: string
  status: 'Shown' | 'Pending'
  expires: string | null
  values: Values
}

const VERSION = 'v66.0'

export const reveal = (object: string, id: string, fields: string[], reason: string, verification: string | null) =>
  call<Revealed>(
    'POST',
    `/services/data/${VERSION}/sobjects/${encodeURIComponent(object)}/${encodeURIComponent(id)}/reveal`,
    { body: { fields, reason, verification } },
  )

/** A colleague who asks to see masked values of a record. */
export interface RevealRequest {
  id: string
  user: Person
  object: string
  record_id: string
  fields: string[]
  reason: string
  minutes: number
  asked: string
}

export const revealRequests = () => call<{ requests: RevealRequest[] }>('GET', '/ui/reveals')
export const decideReveal = (id: string, verdict: 'approve' | 'refuse') =>
  call<void>('POST', `/ui/reveals/${encodeURIComponent(id)}/${verdict}`)
