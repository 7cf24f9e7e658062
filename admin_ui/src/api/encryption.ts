// A tenant's keys, the fields that they seal, and values that are being encrypted.
import { call } from './client'

export interface TenantKey {
  kind: 'data' | 'index'
  number: number
  made: string
  destroyed: string | null
  wrapped_by: string
}

export interface EncryptedField {
  field: string
  label: string
  object: string
  object_label: string
  classification: string
  /** Records are found by its whole value. */
  found: boolean
  /** Made by the tenant itself, which may store it in clear again. */
  own: boolean
}

export interface Conversion {
  field: string
  /** To ciphertext; else back to clear. */
  seals: boolean
  began: string
  finished: string | null
  total: number | null
  done: number
}

export interface Encryption {
  keys: TenantKey[]
  rotation: { number: number; started: string; finished: string | null; at: string | null; sealed_anew: number } | null
  conversions: Conversion[]
  wish: { id: string; reason: string; asked_by: string; asked: string; expires: string } | null
  fields: EncryptedField[]
  encryptable: Pick<EncryptedField, 'field' | 'label' | 'object' | 'object_label'>[]
}

export const encryption = () => call<Encryption>('GET', '/setup/encryption')
export const rotateKey = () => call<{ number: number }>('POST', '/setup/encryption/rotate')
export const wantDestruction = (reason: string) =>
  call<{ id: string }>('POST', '/setup/encryption/destruction', { body: { reason } })
export const keepKeys = () => call<void>('DELETE', '/setup/encryption/destruction')
export const storeInClear = (field: string) => call<void>('POST', '/setup/encryption/decryption', { body: { field } })
