// The routes of flows and notifications, typed.
import { call } from './client'
import type { FieldJson, ObjectDescribe } from './types'

const enc = encodeURIComponent

export type Placement = 'record' | 'list'

export interface FlowInput {
  name: string
  type: string
  label: string | null
}

export interface FlowButton {
  name: string
  label: string
  placements: Placement[]
  message: string | null
  inputs: FlowInput[]
}

export interface Effect {
  flow: string
  step: string
  did: string
  object?: string
  id?: string
  changes?: Record<string, [FieldJson, FieldJson]>
}

export interface NotificationItem {
  id: string
  title: string
  body: string | null
  object: string | null
  record_id: string | null
  is_read: boolean
  date: string
}

export interface NotificationPage {
  notifications: NotificationItem[]
  unread: number
  next: string | null
}

export const flowButtons = (object: ObjectDescribe['name']) =>
  call<{ buttons: FlowButton[] }>('GET', `/ui/objects/${enc(object)}/buttons`)
export const recordButtons = (id: string) =>
  call<{ buttons: FlowButton[] }>('GET', `/ui/records/${enc(id)}/buttons`)
export const runFlow = (flow: string, recordIds: string[], variables: Record<string, FieldJson>) =>
  call<{ effects: Effect[] }>('POST', `/ui/flows/${enc(flow)}/run`, { body: { recordIds, variables } })
export const replayRun = (run: string) => call<{ id: string }>('POST', `/setup/flow-runs/${enc(run)}/replay`)

export const notifications = (unread: boolean, after: string | null, limit = 20) =>
  call<NotificationPage>('GET', '/ui/notifications', { query: { unread: unread ? 'true' : null, after, limit } })
export const markRead = (ids: string[]) => call<void>('POST', '/ui/notifications/read', { body: { ids } })
export const markAllRead = () => call<void>('POST', '/ui/notifications/read', { body: { all: true } })
