// The four journals, and the alerts about them: which object each is, which fields say when, who and which record.
import type { Filter } from '../api/types'

export interface Journal {
  key: 'access' | 'logins' | 'setup' | 'fields' | 'alerts'
  object: string
  when: string
  who: string
  record: { field: string; holdsMany: boolean } | null
  columns: string[]
}

export const JOURNALS: Journal[] = [
  {
    key: 'access',
    object: 'AccessLog',
    when: 'CreatedDate',
    who: 'UserId',
    record: { field: 'RecordIds', holdsMany: true },
    columns: [
      'CreatedDate',
      'UserId',
      'Door',
      'ObjectName',
      'RecordIds',
      'RecordCount',
      'Fields',
      'SourceIp',
      'ClientName',
    ],
  },
  {
    key: 'logins',
    object: 'LoginHistory',
    when: 'LoginTime',
    who: 'UserId',
    record: null,
    columns: ['LoginTime', 'UserId', 'Username', 'Status', 'LoginType', 'SourceIp', 'Application', 'UserAgent'],
  },
  {
    key: 'setup',
    object: 'SetupAuditTrail',
    when: 'CreatedDate',
    who: 'UserId',
    record: null,
    columns: [
      'CreatedDate',
      'UserId',
      'Action',
      'Section',
      'TargetName',
      'Display',
      'OldValue',
      'NewValue',
      'SourceIp',
    ],
  },
  {
    key: 'fields',
    object: 'FieldHistory',
    when: 'CreatedDate',
    who: 'UserId',
    record: { field: 'RecordId', holdsMany: false },
    columns: ['CreatedDate', 'UserId', 'ObjectName', 'RecordId', 'FieldName', 'OldValue', 'NewValue'],
  },
  {
    key: 'alerts',
    object: 'JournalAlert',
    when: 'WindowEnd',
    who: 'UserId',
    record: null,
    columns: ['WindowEnd', 'Name', 'RuleName', 'Severity', 'UserId', 'Subject', 'Count', 'MoreThan', 'State', 'Note'],
  },
]

export interface AuditFilter {
  person: string | null
  record: string | null
  from: string | null
  to: string | null
}

export function auditFilters(journal: Journal, { person, record, from, to }: AuditFilter): Filter[] {
  const filters: Filter[] = []
  if (person) filters.push({ field: journal.who, operator: '=', value: person })
  if (record && journal.record) {
    filters.push(
      journal.record.holdsMany
        ? { field: journal.record.field, operator: 'INCLUDES', value: [record] }
        : { field: journal.record.field, operator: '=', value: record },
    )
  }
  if (from) filters.push({ field: journal.when, operator: '>=', value: from })
  if (to) filters.push({ field: journal.when, operator: '<=', value: to })
  return filters
}
