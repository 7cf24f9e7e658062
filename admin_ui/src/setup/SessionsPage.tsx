// Who is signed in now, from where; any session can be ended.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import { useTranslation } from 'react-i18next'
import { endSession, sessions } from '../api/setup'
import type { SessionSummary } from '../api/types'
import { DataTable, useActionsColumn, type Column } from '../frame/DataTable'
import { PageHeader } from '../frame/PageHeader'
import { useErrorText } from '../frame/useErrorText'
import { useReader } from '../records/fields/useReader'
import { formatDateTime } from '../records/format'
import { tidyName } from '../records/names'

export function SessionsPage() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const reader = useReader()
  const all = useQuery({ queryKey: ['setup', 'sessions'], queryFn: sessions })

  async function end(id: string) {
    try {
      await endSession(id)
      await client.invalidateQueries({ queryKey: ['setup', 'sessions'] })
    } catch (error) {
      message.error(errorText(error))
    }
  }

  const moment = (text: string | null) => (text ? formatDateTime(text, reader.language, reader.timeZone) : '—')
  const columns: Column<SessionSummary>[] = [
    { key: 'user', title: t('session.user'), cell: (session) => tidyName(session.user.name) },
    {
      key: 'kind',
      title: t('session.kind'),
      cell: (session) => t(`session.kinds.${session.kind as 'browser'}`, { defaultValue: session.kind }),
    },
    { key: 'ip', title: t('session.ip'), className: 'mono', cell: (session) => session.ip ?? '—' },
    {
      key: 'agent',
      title: t('session.agent'),
      cell: (session) => (
        <div className="agent" title={session.user_agent ?? undefined}>
          {session.device ?? session.user_agent ?? '—'}
          {session.acting && (
            <div className="small">{t('security.actedAs', { name: tidyName(session.acting.name) })}</div>
          )}
        </div>
      ),
    },
    { key: 'created', title: t('session.created'), className: 'tabular', cell: (session) => moment(session.created) },
    { key: 'seen', title: t('session.seen'), className: 'tabular', cell: (session) => moment(session.last_seen) },
    useActionsColumn((session) => (
      <Button
        size="small"
        danger
        aria-label={t('session.endOf', { name: tidyName(session.user.name) })}
        onClick={() => void end(session.id)}
      >
        {t('session.end')}
      </Button>
    )),
  ]

  return (
    <div className="page">
      <PageHeader title={t('setup.sessions')} />
      <DataTable
        query={all}
        rows={all.data?.sessions ?? []}
        columns={columns}
        rowKey={(session) => session.id}
        empty={t('session.none')}
      />
    </div>
  )
}
