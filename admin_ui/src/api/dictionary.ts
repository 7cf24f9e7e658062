// The data dictionary: how every field is classified, masked and kept.
import { call } from './client'

export const CLASSIFICATIONS = ['sensitive', 'personal', 'internal', 'public'] as const
export type Classification = (typeof CLASSIFICATIONS)[number]

export interface DictionaryField {
  object: string
  field: string
  object_label: string
  field_label: string
  type: string
  classification: Classification
  mask: string | null
  masking_rules: { name: string; label: string }[]
  encrypted: boolean
  tracked: boolean
  logged: boolean
}

const wantedOnly = (wanted: Classification[]) =>
  new URLSearchParams(wanted.map((each) => ['classification', each])).toString()

export const dataDictionary = (wanted: Classification[]) =>
  call<{ fields: DictionaryField[] }>('GET', `/setup/data-dictionary?${wantedOnly(wanted)}`)

export const dictionaryAddress = (wanted: Classification[]) => `/setup/data-dictionary.csv?${wantedOnly(wanted)}`
