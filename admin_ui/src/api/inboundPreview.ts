// Trying a document: what it would become by a mapping, with nothing kept.
import { call } from './client'
import type { InboundProblem } from './types'

const enc = encodeURIComponent

export interface InboundMapping {
  name: string
  label: string
  format: string | null
}

export interface SeenRecord {
  target: string
  object: string
  act: 'insert' | 'update' | 'upsert' | 'keep'
  id: string | null
  given: Record<string, unknown>
  set_besides: Record<string, unknown>
}

export interface SeenUnit {
  key: string
  line: number
  known: boolean
  records: SeenRecord[]
  problems: InboundProblem[]
}

export interface Seen {
  count: number
  repairs: string[]
  units: SeenUnit[]
  lookups: { object: string; by: string[]; values: string[]; found: boolean }[]
}

/** A document to try: its bytes, because it may be in any encoding; null: as oneself. */
export interface Sample {
  bytes: Uint8Array
  content_type: string
  run_as_user_id: string | null
}

export const inboundMappings = () => call<{ mappings: InboundMapping[] }>('GET', '/setup/inbound-mappings')
export const previewInbound = (mapping: string, { bytes, content_type, run_as_user_id }: Sample) =>
  call<Seen>('POST', `/setup/inbound/${enc(mapping)}/preview`, {
    body: { document_base64: base64(bytes), content_type, run_as_user_id },
  })

export function base64(bytes: Uint8Array) {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}
