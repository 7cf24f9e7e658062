// Connected apps, identity providers and provisioning, typed.
import { call } from './client'

const enc = encodeURIComponent

export interface AppUser {
  id: string
  name: string
  username: string
}

export interface AppDraft {
  label: string
  description: string | null
  grants: string[]
  scopes: string[]
  redirect_uris: string[]
  certificate: string | null
  ip_ranges: string[]
  admission: 'self' | 'approved'
  permission_sets: string[]
  refresh_days: number
  run_as_user_id: string | null
  public?: boolean
}

export interface ConnectedApp extends Omit<AppDraft, 'run_as_user_id'> {
  id: string
  public: boolean
  created: string
  users: number
  run_as: (AppUser & { is_active: boolean }) | null
}

export interface Consent {
  app: { id: string; label: string; description: string | null }
  user: AppUser
  scopes: string[]
  granted: string
  last_used: string | null
}

export interface Authorization {
  app: { id: string; label: string; description: string | null }
  scopes: string[]
  is_consented?: boolean
  redirect?: string
}

const APPS = '/setup/connected-apps'
export const connectedApps = () => call<{ apps: ConnectedApp[] }>('GET', APPS)
export const createApp = (draft: AppDraft) =>
  call<{ client_id: string; client_secret: string | null }>('POST', APPS, { body: draft })
export const updateApp = (id: string, draft: Partial<AppDraft>) =>
  call<void>('PATCH', `${APPS}/${enc(id)}`, { body: draft })
export const revokeApp = (id: string) => call<void>('DELETE', `${APPS}/${enc(id)}`)
export const renewSecret = (id: string) => call<{ client_secret: string }>('POST', `${APPS}/${enc(id)}/secret`)
export const appUsers = (id: string) => call<{ users: Consent[] }>('GET', `${APPS}/${enc(id)}/users`)
export const endAppUser = (id: string, user: string) => call<void>('DELETE', `${APPS}/${enc(id)}/users/${enc(user)}`)

export const myApps = () => call<{ apps: Consent[] }>('GET', '/ui/me/apps')
export const leaveApp = (id: string) => call<void>('DELETE', `/ui/me/apps/${enc(id)}`)

export const authorization = (query: Record<string, string>) =>
  call<Authorization>('GET', '/ui/oauth/authorization', { query })
export const decideAuthorization = (query: Record<string, string>, allow: boolean) =>
  call<{ redirect: string }>('POST', '/ui/oauth/authorization', { body: { query, allow } })
export const deviceRequest = (code: string) =>
  call<Authorization>('GET', '/ui/oauth/device', { query: { user_code: code } })
export const decideDevice = (code: string, allow: boolean) =>
  call<void>('POST', '/ui/oauth/device', { body: { user_code: code, allow } })

export interface GroupMapping {
  group: string
  permission_sets: string[]
  public_groups: string[]
}

export interface ProviderDraft {
  name?: string
  kind?: 'oidc' | 'saml'
  label: string
  is_active: boolean
  provision: boolean
  update_users: boolean
  permission_sets: string[]
  attributes: Record<string, string>
  groups: string | null
  mappings: GroupMapping[]
  issuer?: string
  client_id?: string
  client_secret?: string | null
  scopes?: string
  entity_id?: string
  sign_in_url?: string
  sign_out_url?: string | null
  sign_out_answer_url?: string | null
  sign_requests?: boolean
  older_encryption?: boolean
  certificates?: string[]
  subject_attribute?: string | null
}

export interface IdentityProvider extends ProviderDraft {
  id: string
  name: string
  kind: 'oidc' | 'saml'
  has_secret: boolean
  identities: number
  addresses: Record<string, string>
}

export interface LinkedIdentity {
  subject: string
  linked: string
  last_sign_in: string | null
  user: AppUser
}

const PROVIDERS = '/setup/identity-providers'
export const identityProviders = () => call<{ providers: IdentityProvider[] }>('GET', PROVIDERS)
export const createProvider = (draft: ProviderDraft) => call<{ id: string }>('POST', PROVIDERS, { body: draft })
export const updateProvider = (id: string, draft: Partial<ProviderDraft>) =>
  call<void>('PATCH', `${PROVIDERS}/${enc(id)}`, { body: draft })
export const renewProviderKey = (id: string) =>
  call<{ certificate: string }>('POST', `${PROVIDERS}/${enc(id)}/key`)
export const deleteProvider = (id: string) => call<void>('DELETE', `${PROVIDERS}/${enc(id)}`)
export const linkedIdentities = (id: string) =>
  call<{ identities: LinkedIdentity[] }>('GET', `${PROVIDERS}/${enc(id)}/identities`)
export const linkIdentity = (id: string, subject: string, user: string) =>
  call<void>('POST', `${PROVIDERS}/${enc(id)}/identities`, { body: { subject, user_id: user } })
export const unlinkIdentity = (id: string, user: string) =>
  call<void>('DELETE', `${PROVIDERS}/${enc(id)}/identities/${enc(user)}`)

export interface SsoPolicy {
  only_sso: boolean
  exempt_user_ids: string[]
}
export const ssoPolicy = () => call<SsoPolicy>('GET', '/setup/sso-policy')
export const setSsoPolicy = (policy: SsoPolicy) => call<void>('PATCH', '/setup/sso-policy', { body: policy })

export interface MyIdentity {
  name: string
  label: string
  subject: string | null
  linked: string | null
}
export const myIdentities = () => call<{ identities: MyIdentity[] }>('GET', '/ui/me/identities')
export const beginLink = (name: string) =>
  call<{ redirect: string }>('POST', `/ui/me/identities/${enc(name)}`, { query: { return: '/my-security' } })
export const endLink = (name: string) => call<void>('DELETE', `/ui/me/identities/${enc(name)}`)

export interface SignInOptions {
  tenant: { name: string; label: string } | null
  providers: { name: string; label: string; start: string }[]
  only_sso: boolean
}
export const signInOptions = (query: { username?: string; tenant?: string }) =>
  call<SignInOptions>('GET', '/ui/sso/options', { query })

export interface ScimToken {
  id: string
  label: string
  permission_sets: string[]
  created: string
  expires: string | null
  last_used: string | null
}
export const scimTokens = () => call<{ url: string; tokens: ScimToken[] }>('GET', '/setup/scim-tokens')
export const createScimToken = (draft: { label: string; permission_sets: string[]; days: number }) =>
  call<{ token: string }>('POST', '/setup/scim-tokens', { body: draft })
export const revokeScimToken = (id: string) => call<void>('DELETE', `/setup/scim-tokens/${enc(id)}`)
