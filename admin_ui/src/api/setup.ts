// The routes under /setup, typed.
import { call, callForText, withoutNulls } from './client'
import type {
  FieldDraft,
  InboundKey,
  InboundKeyDraft,
  InboundMessage,
  InboundProblem,
  ObjectDescribe,
  ObjectDraft,
  PermissionSet,
  PermissionSetDraft,
  PermissionSetSummary,
  Role,
  SessionSummary,
  SetupObject,
  SetupPackage,
  SetupUser,
  UserDraft,
} from './types'

const enc = encodeURIComponent

export const users = (q: string, after: string | null) =>
  call<{ users: SetupUser[]; next: string | null }>('GET', '/setup/users', { query: { q, after } })
export const createUser = (draft: Partial<UserDraft>) =>
  call<{ id: string; password: string }>('POST', '/setup/users', { body: draft })
export const updateUser = (id: string, draft: Partial<UserDraft>) =>
  call<void>('PATCH', `/setup/users/${enc(id)}`, { body: draft })
export const resetPassword = (id: string) =>
  call<{ password: string }>('POST', `/setup/users/${enc(id)}/reset-password`)

export const roles = () => call<{ roles: Role[] }>('GET', '/setup/roles')
export const createRole = (draft: { name: string; label: string; parent_id: string | null }) =>
  call<{ id: string }>('POST', '/setup/roles', { body: draft })

export const permissionSets = () => call<{ permission_sets: PermissionSetSummary[] }>('GET', '/setup/permission-sets')
export const permissionSet = (name: string) => call<PermissionSet>('GET', `/setup/permission-sets/${enc(name)}`)
export const savePermissionSet = (name: string, draft: PermissionSetDraft) =>
  call<void>('PUT', `/setup/permission-sets/${enc(name)}`, { body: withoutNulls(draft) })
export const deletePermissionSet = (name: string) => call<void>('DELETE', `/setup/permission-sets/${enc(name)}`)
export const assignPermissionSet = (name: string, user: string) =>
  call<void>('PUT', `/setup/permission-sets/${enc(name)}/users/${enc(user)}`)
export const withdrawPermissionSet = (name: string, user: string) =>
  call<void>('DELETE', `/setup/permission-sets/${enc(name)}/users/${enc(user)}`)

export const objects = () => call<{ objects: SetupObject[] }>('GET', '/setup/objects')
export const objectDetail = (name: string) => call<ObjectDescribe>('GET', `/setup/objects/${enc(name)}`)
export const createObject = (draft: ObjectDraft) =>
  call<{ name: string }>('POST', '/setup/objects', {
    body: withoutNulls({ ...draft, name_field: withoutNulls(draft.name_field) }),
  })
export const updateObject = (name: string, draft: Partial<ObjectDraft>) =>
  call<void>('PATCH', `/setup/objects/${enc(name)}`, { body: withoutNulls(draft) })
export const deleteObject = (name: string) => call<void>('DELETE', `/setup/objects/${enc(name)}`)
export const createField = (object: string, draft: FieldDraft) =>
  call<{ name: string }>('POST', `/setup/objects/${enc(object)}/fields`, { body: draft })
export const updateField = (object: string, field: string, draft: Partial<FieldDraft>) =>
  call<void>('PATCH', `/setup/objects/${enc(object)}/fields/${enc(field)}`, { body: withoutNulls(draft) })
export const deleteField = (object: string, field: string) =>
  call<void>('DELETE', `/setup/objects/${enc(object)}/fields/${enc(field)}`)

export const packages = () => call<{ packages: SetupPackage[] }>('GET', '/setup/packages')
export const installPackage = (name: string, version: string) =>
  call<{ milliseconds: number }>('POST', `/setup/packages/${enc(name)}/install`, { body: { version } })

export const sessions = () => call<{ sessions: SessionSummary[] }>('GET', '/setup/sessions')
export const endSession = (id: string) => call<void>('DELETE', `/setup/sessions/${enc(id)}`)

export const inbound = (status: string | null, after: string | null) =>
  call<{ messages: InboundMessage[]; next: string | null }>('GET', '/setup/inbound', { query: { status, after } })
export const inboundContent = (id: string) => callForText('GET', `/setup/inbound/${enc(id)}/content`)
export const replayInbound = (id: string) =>
  call<{ status: string; records: string[]; problems: InboundProblem[] }>('POST', `/setup/inbound/${enc(id)}/replay`)

export const inboundKeys = () => call<{ keys: InboundKey[] }>('GET', '/setup/inbound-keys')
export const createInboundKey = (draft: InboundKeyDraft) =>
  call<{ key: string }>('POST', '/setup/inbound-keys', { body: draft })
export const revokeInboundKey = (id: string) => call<void>('DELETE', `/setup/inbound-keys/${enc(id)}`)
