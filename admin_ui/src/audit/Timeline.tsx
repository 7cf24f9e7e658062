// Reads, changes, sign-ins and setup on one line of time, newest first.
import { useInfiniteQuery } from '@tanstack/react-query'
import Tag from 'antd/es/tag'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { timeline, type LineKind, type TimelineLine } from '../api/audit'
import { DataTable, type Column } from '../frame/DataTable'
import { tidyName } from '../records/names'
import type { AuditFilter } from './journals'
import { useWords, type Words } from './useLabels'
import { useMoment } from './useMoment'

const COLOURS: Record<LineKind, string> = { read: 'blue', change: 'gold', sign_in: 'green', setup: 'purple' }

export function Timeline({ filter, kind }: { filter: AuditFilter; kind: string | null }) {
  const { t } = useTranslation()
  const moment = useMoment()
  const asked = { user: filter.person, record: filter.record, from: filter.from, to: filter.to, kind }
  const pages = useInfiniteQuery({
    queryKey: ['audit', 'timeline', asked],
    queryFn: ({ pageParam }) => timeline(asked, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next?.join('~') ?? null,
  })

  const lines = pages.data?.pages.flatMap((page) => page.lines) ?? []
  const words = useWords(lines.map((line) => line.object))
  const columns: Column<TimelineLine>[] = [
    { key: 'at', title: t('audit.time'), className: 'tabular', cell: (line) => moment(line.at) },
    {
      key: 'kind',
      title: t('audit.kind'),
      cell: (line) => <Tag color={COLOURS[line.kind]}>{t(`audit.kinds.${line.kind}`)}</Tag>,
    },
    { key: 'who', title: t('audit.person'), cell: (line) => <Who line={line} /> },
    { key: 'what', title: t('audit.what'), cell: (line) => <What line={line} words={words} /> },
    { key: 'records', title: t('audit.records'), className: 'mono', cell: (line) => <Records line={line} /> },
    { key: 'from', title: t('audit.address'), className: 'mono', cell: (line) => line.from ?? '—' },
    {
      key: 'seal',
      title: t('audit.seal'),
      className: 'numeric',
      cell: (line) => line.seal ?? <span className="muted">{t('audit.notSealed')}</span>,
    },
  ]

  return (
    <DataTable
      query={pages}
      rows={lines}
      columns={columns}
      rowKey={(line) => line.id}
      empty={t('audit.none')}
      hint={t('audit.noneHint')}
      label={t('audit.tabs.timeline')}
    />
  )
}

function Who({ line }: { line: TimelineLine }) {
  const { t } = useTranslation()
  const name = line.user ? tidyName(line.user) : (line.username ?? '—')
  if (line.acting_user === null) return name
  return (
    <>
      {name} <span className="muted">{t('audit.actedBy', { name: tidyName(line.acting_user) })}</span>
    </>
  )
}

function What({ line, words }: { line: TimelineLine; words: Words }) {
  const { t } = useTranslation()
  if (line.kind === 'setup') return line.display ?? line.action
  const action = line.action ?? ''
  const said =
    line.kind === 'read' ? t(`audit.doors.${action as 'get'}`, { defaultValue: action }) : line.kind === 'change' ? '' : action
  const object = line.object ?? ''
  const fields = line.fields?.map((name) => words.field(object, name)).join(', ')
  return (
    <>
      {[words.object(object), said, fields].filter(Boolean).join(' · ')}
      {line.reason && <div className="muted">{line.reason}</div>}
    </>
  )
}

/** Labels would be data of customers: an auditor sees ids. */
function Records({ line }: { line: TimelineLine }) {
  const [first, ...rest] = line.records ?? []
  if (first === undefined) return line.count ? String(line.count) : (line.target ?? '—')
  const more = (line.count ?? rest.length + 1) - 1
  return (
    <>
      <Link to={`/audit/line?record=${first}`}>{first}</Link>
      {more > 0 && <span className="muted"> +{more}</span>}
    </>
  )
}
