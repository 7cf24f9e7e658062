// One record: header, path, and tabs with details, related lists and history.
import Tabs from 'antd/es/tabs'
import { useTranslation } from 'react-i18next'
import { useParams, useSearchParams } from 'react-router'
import { useDescribe, useRecord } from '../../api/queries'
import type { ObjectDescribe, RecordAnswer } from '../../api/types'
import { ErrorState, PageSkeleton } from '../../frame/states'
import { layoutFor } from '../form/formState'
import { defaultRecordType, findRecordType } from '../picklists'
import { Details } from './Details'
import { FieldChanges } from './FieldChanges'
import { RecordHeader } from './RecordHeader'
import { RecordPath } from './RecordPath'
import { relatedListsOf } from './relatedLists'
import { RelatedLists } from './RelatedLists'

export function RecordPage() {
  const { id } = useParams()
  const record = useRecord(id)
  const describe = useDescribe(record.data?.object)
  const error = record.error ?? describe.error
  if (error) return <ErrorState error={error} onRetry={() => void record.refetch()} />
  if (record.data === undefined || describe.data === undefined) return <PageSkeleton />
  return <RecordView key={record.data.id} record={record.data} describe={describe.data} />
}

function RecordView({ record, describe }: { record: RecordAnswer; describe: ObjectDescribe }) {
  const { t } = useTranslation()
  const [search, setSearch] = useSearchParams()
  const recordType =
    findRecordType(describe, record.record_type) ??
    (describe.record_types.length === 1 ? defaultRecordType(describe) : null)
  const lists = relatedListsOf(describe, layoutFor(describe, recordType))
  const editing = search.get('edit')
  const tab = search.get('tab') ?? 'details'

  function change(next: Record<string, string | null>) {
    setSearch(
      (current) => {
        const changed = new URLSearchParams(current)
        for (const [key, value] of Object.entries(next)) {
          if (value === null) changed.delete(key)
          else changed.set(key, value)
        }
        return changed
      },
      { replace: true },
    )
  }

  return (
    <div className="page record-page">
      <RecordHeader
        record={record}
        describe={describe}
        recordType={recordType}
        onEdit={() => change({ edit: '1', tab: null })}
      />
      <RecordPath record={record} describe={describe} recordType={recordType} />
      <Tabs
        className="record-tabs"
        activeKey={tab}
        onChange={(key) => change({ tab: key === 'details' ? null : key, edit: null })}
        destroyOnHidden
        items={[
          {
            key: 'details',
            label: t('record.details'),
            children: (
              <Details
                record={record}
                describe={describe}
                recordType={recordType}
                editing={record.permissions.update ? editing : null}
                onEdit={(field) => change({ edit: field })}
                onDone={() => change({ edit: null })}
              />
            ),
          },
          ...(lists.length > 0
            ? [{ key: 'related', label: t('record.related'), children: <RelatedLists record={record} lists={lists} /> }]
            : []),
          {
            key: 'history',
            label: t('record.history'),
            children: <FieldChanges record={record} describe={describe} />,
          },
        ]}
      />
    </div>
  )
}
