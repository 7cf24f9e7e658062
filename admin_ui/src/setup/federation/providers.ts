// What a new identity provider begins with, and how certificates that stand one after the other are told apart.
import type { IdentityProvider, ProviderDraft } from '../../api/federation'

const CLAIMS = { username: 'preferred_username', email: 'email', first_name: 'given_name', last_name: 'family_name' }
const ATTRIBUTES = { username: 'username', email: 'email', first_name: 'first_name', last_name: 'last_name' }

/** The form's values: of a provider that is there, only what may be changed. */
export function newProvider(kind: 'oidc' | 'saml', provider: IdentityProvider | null): ProviderDraft {
  const common = {
    label: provider?.label ?? '',
    is_active: provider?.is_active ?? true,
    provision: provider?.provision ?? false,
    update_users: provider?.update_users ?? true,
    permission_sets: provider?.permission_sets ?? [],
    attributes: provider?.attributes ?? (kind === 'oidc' ? CLAIMS : ATTRIBUTES),
    groups: provider?.groups ?? null,
    mappings: provider?.mappings ?? [],
    ...(provider === null ? { name: '' } : {}),
  }
  if (kind === 'oidc')
    return {
      ...common,
      issuer: provider?.issuer ?? '',
      client_id: provider?.client_id ?? '',
      client_secret: null,
      scopes: provider?.scopes ?? 'openid profile email',
    }
  return {
    ...common,
    entity_id: provider?.entity_id ?? '',
    sign_in_url: provider?.sign_in_url ?? '',
    sign_out_url: provider?.sign_out_url ?? null,
    sign_out_answer_url: provider?.sign_out_answer_url ?? null,
    sign_requests: provider?.sign_requests ?? false,
    older_encryption: provider?.older_encryption ?? false,
    certificates: provider?.certificates ?? [],
    subject_attribute: provider?.subject_attribute ?? null,
  }
}

/** Each certificate from BEGIN to END; what stands around them is left out, unless there is nothing else. */
export function splitCertificates(text: string): string[] {
  const found = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g)
  if (found !== null) return [...found]
  return text.trim() === '' ? [] : [text.trim()]
}
