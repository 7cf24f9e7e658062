// Who changed which field of this record, when, from what to what.
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { history } from '../../api/endpoints'
import type { FieldChange, FieldJson, ObjectDescribe, RecordAnswer } from '../../api/types'
import { EmptyState, ErrorState, Lines } from '../../frame/states'
import { formatDateTime } from '../format'
import { FieldValue } from '../fields/FieldValue'
import { useReader } from '../fields/useReader'
import { tidyName } from '../names'

export function FieldChanges({ record, describe }: { record: RecordAnswer; describe: ObjectDescribe }) {
  const { t } = useTranslation()
  const reader = useReader()
  const changes = useQuery({ queryKey: ['history', record.id], queryFn: () => history(record.id) })
  if (changes.error) return <ErrorState error={changes.error} onRetry={() => void changes.refetch()} />
  if (changes.data === undefined) return <Lines />
  if (changes.data.changes.length === 0)
    return <EmptyState title={t('record.noHistory')} hint={t('record.noHistoryHint')} />

  function shown(change: FieldChange, value: FieldJson) {
    const field = describe.fields[change.field]
    if (field === undefined || field.references.length > 0) return <>{value === null ? '—' : String(value)}</>
    return <FieldValue field={field} value={parsed(field.type, value)} />
  }

  return (
    <div className="scroll-x card">
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">{t('history.date')}</th>
            <th scope="col">{t('history.by')}</th>
            <th scope="col">{t('history.field')}</th>
            <th scope="col">{t('history.old')}</th>
            <th scope="col">{t('history.new')}</th>
          </tr>
        </thead>
        <tbody>
          {changes.data.changes.map((change, index) => (
            <tr key={index}>
              <td className="tabular">{formatDateTime(change.date, reader.language, reader.timeZone)}</td>
              <td>{change.by ? tidyName(change.by.name) : '—'}</td>
              <td>{change.label}</td>
              <td>{shown(change, change.old)}</td>
              <td>{shown(change, change.new)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** The history keeps text; a tick is a tick again only if it is true and not "true". */
function parsed(type: string, value: FieldJson): FieldJson {
  return type === 'checkbox' && typeof value === 'string' ? value === 'true' : value
}
