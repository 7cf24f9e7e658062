// Take away what the filters narrow to: a signed archive, made by a job.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import { useTranslation } from 'react-i18next'
import { archiveAddress, archives, takeEvidence, type Archive } from '../api/audit'
import { DataTable, useActionsColumn, type Column } from '../frame/DataTable'
import { useErrorText } from '../frame/useErrorText'
import type { AuditFilter } from './journals'
import { useMoment } from './useMoment'

const KEY = ['audit', 'archives']
const LOOK_AGAIN = 2_000
const WAITING = ['queued', 'running']

export function Evidence({ filter }: { filter: AuditFilter }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const moment = useMoment()
  const all = useQuery({
    queryKey: KEY,
    queryFn: archives,
    refetchInterval: ({ state }) =>
      state.data?.archives.some((each) => WAITING.includes(each.status)) ? LOOK_AGAIN : false,
  })

  async function take() {
    const asked = { user: filter.person, record: filter.record, from: filter.from, to: filter.to }
    const given = Object.entries(asked).filter((pair): pair is [string, string] => pair[1] !== null)
    try {
      await takeEvidence(Object.fromEntries(given))
      await client.invalidateQueries({ queryKey: KEY })
    } catch (error) {
      message.error(errorText(error))
    }
  }

  const columns: Column<Archive>[] = [
    { key: 'at', title: t('audit.time'), className: 'tabular', cell: (row) => moment(row.created_at) },
    {
      key: 'request',
      title: t('audit.what'),
      cell: (row) =>
        Object.entries(row.request)
          .filter(([name]) => name !== 'kinds')
          .map(([name, value]) => `${name}: ${String(value)}`)
          .join(', ') || t('audit.everything'),
    },
    { key: 'status', title: t('audit.status'), cell: (row) => t(`audit.statuses.${row.status}`) },
    { key: 'done', title: t('audit.entries'), className: 'numeric', cell: (row) => row.done },
    {
      key: 'digest',
      title: 'SHA-256',
      className: 'mono',
      cell: (row) => <span title={row.digest ?? undefined}>{row.digest?.slice(0, 12) ?? '—'}</span>,
    },
    useActionsColumn((row) =>
      row.status === 'ready' ? (
        <Button size="small" href={archiveAddress(row.id)} download>
          {t('audit.download')}
        </Button>
      ) : null,
    ),
  ]

  return (
    <>
      <div className="toolbar">
        <Button type="primary" onClick={() => void take()}>
          {t('audit.take')}
        </Button>
        <span className="muted">{t('audit.takeHint')}</span>
      </div>
      <DataTable
        query={all}
        rows={all.data?.archives ?? []}
        columns={columns}
        rowKey={(row) => row.id}
        empty={t('audit.noArchives')}
        label={t('audit.tabs.evidence')}
      />
    </>
  )
}
