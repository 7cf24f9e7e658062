// Limits of the organization and their use, typed.
import { call } from './client'

export type LimitName =
  | 'api_daily_requests'
  | 'tenant_requests_per_second'
  | 'user_requests_per_second'
  | 'client_requests_per_second'
  | 'tenant_requests_at_once'
  | 'tenant_requests_waiting'
  | 'daily_bulk_jobs'
  | 'data_storage_megabytes'
  | 'file_storage_megabytes'

export interface Limit {
  name: LimitName
  label: string
  value: number
  default: number
  is_set: boolean
  used: number | null
}

export interface ClientUse {
  client: string
  label: string | null
  requests: number
}

export interface LimitsAndUse {
  limits: Limit[]
  clients: ClientUse[]
  records_counted_at: string | null
}

export const limitsAndUse = () => call<LimitsAndUse>('GET', '/setup/limits')
