// One journal's entries, newest first, as far back as one scrolls.
import Drawer from 'antd/es/drawer'
import Tag from 'antd/es/tag'
import { useCallback, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { useDescribe } from '../api/queries'
import type { ListColumn, ListRecord, ListRequest, ObjectDescribe, Order } from '../api/types'
import { EmptyState, ErrorState, Lines } from '../frame/states'
import { useIsPhone } from '../frame/useMedia'
import { splitMultiple } from '../records/format'
import { CellValue } from '../records/list/CellValue'
import { RecordGrid } from '../records/list/RecordGrid'
import { useRecordList } from '../records/list/useRecordList'
import { auditFilters, type AuditFilter, type Journal } from './journals'
import { useLabels, type Words } from './useLabels'

export function JournalList({ journal, filter }: { journal: Journal; filter: AuditFilter }) {
  const describe = useDescribe(journal.object)
  if (describe.error) return <ErrorState error={describe.error} onRetry={() => void describe.refetch()} />
  if (describe.data === undefined) return <Lines count={10} />
  return <Entries journal={journal} filter={filter} describe={describe.data} />
}

function Entries({ journal, filter, describe }: { journal: Journal; filter: AuditFilter; describe: ObjectDescribe }) {
  const { t } = useTranslation()
  const isPhone = useIsPhone()
  const [order, setOrder] = useState<Order[]>([{ field: journal.when, descending: true }])
  const [opened, setOpened] = useState<ListRecord | null>(null)
  const request: ListRequest = useMemo(
    () => ({
      columns: journal.columns.filter((name) => name in describe.fields),
      filters: auditFilters(journal, filter),
      logic: null,
      owner: 'everyone',
      order_by: order,
      search: null,
      limit: 50,
      after: null,
    }),
    [journal, filter, describe, order],
  )
  const rows = useRecordList(journal.object, request)
  const records = useMemo(() => rows.data?.pages.flatMap((page) => page.records) ?? [], [rows.data])
  const columns = rows.data?.pages[0]?.columns ?? []
  const words = useLabels(records)
  const { fetchNextPage, isFetchingNextPage } = rows
  const more = useCallback(() => {
    if (!isFetchingNextPage) void fetchNextPage()
  }, [fetchNextPage, isFetchingNextPage])

  if (rows.error) return <ErrorState error={rows.error} onRetry={() => void rows.refetch()} />
  if (rows.data === undefined) return <Lines count={10} />
  if (records.length === 0) return <EmptyState title={t('audit.none')} hint={t('audit.noneHint')} />

  return (
    <>
      <RecordGrid
        label={t(`audit.journals.${journal.key}`)}
        columns={isPhone ? columns.slice(0, 4) : columns}
        records={records}
        order={order}
        onOrder={(field) =>
          setOrder(([first]) => [{ field, descending: first?.field === field ? !first.descending : true }])
        }
        hasMore={rows.hasNextPage}
        onMore={more}
        onOpenCell={(_column, record) => setOpened(record)}
        cell={(column, record) => (
          <span className="ellipsis">
            <Entry column={column} record={record} describe={describe} journal={journal} words={words} />
          </span>
        )}
      />
      {opened !== null && (
        <Drawer open size={560} title={t('audit.entry')} onClose={() => setOpened(null)}>
          <dl className="details entry">
            {columns.map((column) => (
              <div key={column.path} className="detail">
                <dt>{column.label}</dt>
                <dd>
                  <Entry
                    column={column}
                    record={opened}
                    describe={describe}
                    journal={journal}
                    words={words}
                    isWhole
                  />
                </dd>
              </div>
            ))}
          </dl>
        </Drawer>
      )}
    </>
  )
}

interface EntryProps {
  column: ListColumn
  record: ListRecord
  describe: ObjectDescribe
  journal: Journal
  words: Words
  isWhole?: boolean
}

/** Ids of records lead to them; in a cell the first stands for all. Names of doors, objects and fields are told. */
function Entry({ column, record, describe, journal, words, isWhole = false }: EntryProps) {
  const { t } = useTranslation()
  const value = record.values[column.path] ?? null
  const object = String(record.values.ObjectName ?? '')
  if (column.path === 'Door' && typeof value === 'string')
    return <>{t(`audit.doors.${value as 'get'}`, { defaultValue: value })}</>
  if (column.path === 'ObjectName' && typeof value === 'string') return <span title={value}>{words.object(value)}</span>
  if (column.path === 'FieldName' && typeof value === 'string')
    return <span title={value}>{words.field(object, value)}</span>
  if (column.path === 'Fields') return <Fields names={splitMultiple(value)} object={object} words={words} />
  if (column.path !== journal.record?.field) return <CellValue column={column} record={record} describe={describe} />
  const ids = splitMultiple(value)
  const shown = isWhole ? ids : ids.slice(0, 1)
  return (
    <span className={isWhole ? 'stack' : undefined}>
      {shown.map((id) => (
        <Link key={id} to={`/r/${id}`} className="mono">
          {id}
        </Link>
      ))}
      {ids.length > shown.length && <span className="muted"> +{ids.length - shown.length}</span>}
    </span>
  )
}

function Fields({ names, object, words }: { names: string[]; object: string; words: Words }) {
  return (
    <span className="tags">
      {names.map((name) => (
        <Tag key={name} title={name}>
          {words.field(object, name)}
        </Tag>
      ))}
    </span>
  )
}
