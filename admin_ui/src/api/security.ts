// The routes of signing in, of one's own safety, and of the security policy, typed.
import { call } from './client'
import type { Language } from './types'

export type Pending = 'second_factor' | 'enrol_factor' | 'new_password'
export type Method = 'passkey' | 'totp' | 'recovery_code' | 'password'

export interface SignInAnswer {
  csrf_token: string
  pending: Pending | null
}

export interface Asked {
  options: Record<string, unknown>
  state: string
}

/** What a browser answered to a question for a passkey, as JSON. */
export interface Shown {
  credential: unknown
  state: string
}

export const signIn = (username: string, password: string, language: Language) =>
  call<SignInAnswer>('POST', '/ui/session', { body: { username, password }, query: { language }, renewsSession: true })
/** The operator lets somebody in, once. */
export const breakGlass = (token: string, language: Language) =>
  call<SignInAnswer>('POST', '/ui/session/break-glass', { body: { token }, query: { language }, renewsSession: true })
export const askPasskey = () => call<Asked>('POST', '/ui/session/passkey-options')
export const signInWithPasskey = (shown: Shown, language: Language) =>
  call<SignInAnswer>('POST', '/ui/session/passkey', { body: shown, query: { language }, renewsSession: true })

export const verification = () =>
  call<{ methods: Method[]; pending: Pending | null; csrf_token: string }>('GET', '/ui/verify')
export const askVerification = () => call<Asked>('POST', '/ui/verify/passkey-options')
export const verify = (body: { method: Method; code?: string; password?: string } & Partial<Shown>) =>
  call<{ csrf_token: string }>('POST', '/ui/verify', { body, renewsSession: true })

export const forgotPassword = (username: string, language: Language) =>
  call<void>('POST', '/ui/password/forgotten', { body: { username }, query: { language } })
export const resetPassword = (token: string, password: string, language: Language) =>
  call<{ username: string }>('POST', '/ui/password/reset', {
    body: { token, new_password: password },
    query: { language },
  })
export const changePassword = (password: string, replacement: string) =>
  call<{ csrf_token: string }>('POST', '/ui/me/password', {
    body: { password, new_password: replacement },
    renewsSession: true,
  })

export interface Factor {
  id: string
  kind: 'totp' | 'passkey'
  label: string
  created: string
  last_used: string | null
}

export interface MySecurity {
  factors: Factor[]
  recovery_codes: number
  password_changed: string | null
  login_granted_until: string | null
  login_as: 'no' | 'when_granted' | 'always'
  pending: Pending | null
  password_rules: PasswordRules
}

export interface PasswordRules {
  min_length: number
  history: number
  complexity: boolean
  refuse_common: boolean
}

export interface Enrolled {
  csrf_token: string
  recovery_codes: string[]
}

export const mySecurity = () => call<MySecurity>('GET', '/ui/me/security')
export const beginTotp = () => call<{ id: string; secret: string; uri: string }>('POST', '/ui/me/factors/totp')
export const confirmTotp = (id: string, code: string, label: string) =>
  call<Enrolled>('POST', `/ui/me/factors/totp/${encodeURIComponent(id)}/confirm`, {
    body: { code, label },
    renewsSession: true,
  })
export const askRegistration = () => call<Asked>('POST', '/ui/me/factors/passkey-options')
export const addPasskey = (shown: Shown, label: string) =>
  call<Enrolled>('POST', '/ui/me/factors/passkey', { body: { ...shown, label }, renewsSession: true })
export const removeFactor = (id: string) => call<void>('DELETE', `/ui/me/factors/${encodeURIComponent(id)}`)
export const newRecoveryCodes = () => call<{ recovery_codes: string[] }>('POST', '/ui/me/recovery-codes')

export interface OwnSession {
  id: string
  kind: string
  client: string | null
  device: string | null
  ip: string | null
  created: string
  last_seen: string | null
  current: boolean
  acting: { id: string; name: string } | null
}

export const mySessions = () => call<{ sessions: OwnSession[] }>('GET', '/ui/me/sessions')
export const endMySession = (id: string) => call<void>('DELETE', `/ui/me/sessions/${encodeURIComponent(id)}`)
export const endMyOtherSessions = () => call<{ ended: number }>('DELETE', '/ui/me/sessions')
export const grantLogin = (hours: number) => call<{ until: string }>('PUT', '/ui/me/login-grant', { body: { hours } })
export const withdrawLogin = () => call<void>('DELETE', '/ui/me/login-grant')

export interface LoginRestriction {
  ip_ranges?: string[]
  hours?: { days?: string[]; from: string; to: string }
  second_factor?: boolean
}

/** A section is an object of keys; the login restriction and the list of guarded acts stand for themselves. */
export interface SecurityPolicy {
  password?: Record<string, number | boolean>
  lockout?: Record<string, number>
  session?: Record<string, number | boolean>
  second_factor?: Record<string, boolean>
  programs?: Record<string, boolean>
  login_as?: Record<string, number | string>
  verification_minutes?: number
  login?: LoginRestriction
  four_eyes?: string[]
}

export const securityPolicy = () =>
  call<{ policy: SecurityPolicy; defaults: SecurityPolicy }>('GET', '/setup/security-policy')
export const changeSecurityPolicy = (changes: object) =>
  call<{ policy: SecurityPolicy }>('PATCH', '/setup/security-policy', { body: changes })

const user = (id: string) => `/setup/users/${encodeURIComponent(id)}`
export const resetFactors = (id: string) => call<void>('DELETE', `${user(id)}/factors`)
export const unlockUser = (id: string) => call<void>('POST', `${user(id)}/unlock`)
export const loginAs = (id: string, reason: string) =>
  call<SignInAnswer>('POST', `${user(id)}/login-as`, { body: { reason } })

export interface AdministrationRequest {
  id: string
  act: string
  summary: string
  status: 'Waiting' | 'Approved' | 'Refused' | 'Done' | 'Expired'
  created: string
  expires: string
  comments: string | null
  decided: string | null
  requester: { id: string; name: string }
  decider: { id: string; name: string } | null
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  body: string | null
  own: boolean
}

const requests = '/setup/administration-requests'
export const administrationRequests = () => call<{ requests: AdministrationRequest[] }>('GET', requests)
export const decideRequest = (id: string, decision: 'approve' | 'refuse', comments: string) =>
  call<void>('POST', `${requests}/${encodeURIComponent(id)}/${decision}`, { body: { comments } })
/** Does what was approved: the same request, with the same content to the letter. */
export const doApproved = ({ method, path, body }: AdministrationRequest) =>
  call<unknown>(method, path, { rawBody: body ?? undefined })
