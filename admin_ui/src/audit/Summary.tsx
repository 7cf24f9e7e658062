// Who saw a record, or what a person saw: whichever the filters name.
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { readersOf, seenBy, type Reader, type Seen } from '../api/audit'
import { DataTable, type Column } from '../frame/DataTable'
import { EmptyState } from '../frame/states'
import { tidyName } from '../records/names'
import type { AuditFilter } from './journals'
import { useWords } from './useLabels'
import { useMoment } from './useMoment'

export function Summary({ filter }: { filter: AuditFilter }) {
  const { t } = useTranslation()
  if (filter.record) return <Readers record={filter.record} from={filter.from} to={filter.to} />
  if (filter.person) return <SeenBy person={filter.person} from={filter.from} to={filter.to} />
  return <EmptyState title={t('audit.askFirst')} hint={t('audit.askFirstHint')} />
}

interface Span {
  from: string | null
  to: string | null
}

/** How often, first and last. */
function useTimes<Row extends Pick<Seen, 'times' | 'first' | 'last'>>(): Column<Row>[] {
  const { t } = useTranslation()
  const moment = useMoment()
  return [
    { key: 'times', title: t('audit.times'), className: 'numeric', cell: (row) => row.times },
    { key: 'first', title: t('audit.first'), className: 'tabular', cell: (row) => moment(row.first) },
    { key: 'last', title: t('audit.last'), className: 'tabular', cell: (row) => moment(row.last) },
  ]
}

function Readers({ record, from, to }: Span & { record: string }) {
  const { t } = useTranslation()
  const found = useQuery({
    queryKey: ['audit', 'readers', record, from, to],
    queryFn: () => readersOf(record, from, to),
  })
  const columns: Column<Reader>[] = [
    {
      key: 'user',
      title: t('audit.person'),
      cell: (row) =>
        row.user_id ? (
          <Link to={`/audit/line?person=${row.user_id}&record=${record}`}>{tidyName(row.user ?? row.user_id)}</Link>
        ) : (
          '—'
        ),
    },
    { key: 'fields', title: t('audit.fields'), cell: (row) => row.fields?.join(', ') ?? '—' },
    ...useTimes<Reader>(),
  ]
  return (
    <DataTable
      query={found}
      rows={found.data?.lines ?? []}
      columns={columns}
      rowKey={(row) => row.user_id ?? ''}
      empty={t('audit.none')}
      label={t('audit.whoSaw')}
    />
  )
}

function SeenBy({ person, from, to }: Span & { person: string }) {
  const { t } = useTranslation()
  const found = useQuery({ queryKey: ['audit', 'seen', person, from, to], queryFn: () => seenBy(person, from, to) })
  const words = useWords(found.data?.lines.map((row) => row.object) ?? [])
  const moment = useMoment()
  const columns: Column<Seen>[] = [
    { key: 'object', title: t('audit.object'), cell: (row) => words.object(row.object) },
    { key: 'records', title: t('audit.records'), className: 'numeric', cell: (row) => row.records ?? 0 },
    ...useTimes<Seen>(),
  ]
  const earliest = found.data?.next
  return (
    <>
      {earliest && <p className="muted">{t('audit.onlySince', { moment: moment(earliest) })}</p>}
      <DataTable
        query={found}
        rows={found.data?.lines ?? []}
        columns={columns}
        rowKey={(row) => row.object}
        empty={t('audit.none')}
        label={t('audit.whatSeen')}
      />
    </>
  )
}
