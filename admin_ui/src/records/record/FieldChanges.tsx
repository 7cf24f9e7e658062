// Who changed which field of this record, when, from what to what.
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { history } from '../../api/endpoints'
import type { FieldChange, FieldJson, ObjectDescribe, RecordAnswer } from '../../api/types'
import { DataTable, type Column } from '../../frame/DataTable'
import { formatDateTime } from '../format'
import { FieldValue } from '../fields/FieldValue'
import { useReader } from '../fields/useReader'
import { tidyName } from '../names'

export function FieldChanges({ record, describe }: { record: RecordAnswer; describe: ObjectDescribe }) {
  const { t } = useTranslation()
  const reader = useReader()
  const changes = useQuery({ queryKey: ['history', record.id], queryFn: () => history(record.id) })
  function shown(change: FieldChange, value: FieldJson) {
    const field = describe.fields[change.field]
    if (field === undefined || field.references.length > 0) return <>{value === null ? '—' : String(value)}</>
    return <FieldValue field={field} value={parsed(field.type, value)} isMasked={change.masked && value !== null} />
  }

  const columns: Column<FieldChange>[] = [
    {
      key: 'date',
      title: t('history.date'),
      className: 'tabular',
      cell: (change) => formatDateTime(change.date, reader.language, reader.timeZone),
    },
    { key: 'by', title: t('history.by'), cell: (change) => (change.by ? tidyName(change.by.name) : '—') },
    { key: 'field', title: t('history.field'), cell: (change) => change.label },
    { key: 'old', title: t('history.old'), cell: (change) => shown(change, change.old) },
    { key: 'new', title: t('history.new'), cell: (change) => shown(change, change.new) },
  ]

  return (
    <DataTable
      query={changes}
      rows={changes.data?.changes ?? []}
      columns={columns}
      // One moment may have several changes of a field: by a person, and by what followed from it.
      rowKey={(change) => String(changes.data?.changes.indexOf(change))}
      empty={t('record.noHistory')}
      hint={t('record.noHistoryHint')}
    />
  )
}

/** The history keeps text; a tick is a tick again only if it is true and not "true". */
function parsed(type: string, value: FieldJson): FieldJson {
  return type === 'checkbox' && typeof value === 'string' ? value === 'true' : value
}
