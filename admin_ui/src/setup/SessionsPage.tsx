// Who is signed in now, from where; any session can be ended.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import { useTranslation } from 'react-i18next'
import { endSession, sessions } from '../api/setup'
import { PageHeader } from '../frame/PageHeader'
import { EmptyState, ErrorState, Lines } from '../frame/states'
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

  return (
    <div className="page">
      <PageHeader title={t('setup.sessions')} />
      {all.error ? (
        <ErrorState error={all.error} onRetry={() => void all.refetch()} />
      ) : all.data === undefined ? (
        <Lines />
      ) : all.data.sessions.length === 0 ? (
        <EmptyState title={t('session.none')} />
      ) : (
        <div className="card scroll-x">
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">{t('session.user')}</th>
                <th scope="col">{t('session.kind')}</th>
                <th scope="col">{t('session.ip')}</th>
                <th scope="col">{t('session.agent')}</th>
                <th scope="col">{t('session.created')}</th>
                <th scope="col">{t('session.seen')}</th>
                <th scope="col">
                  <span className="visually-hidden">{t('action.more')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {all.data.sessions.map((session) => (
                <tr key={session.id}>
                  <td>{tidyName(session.user.name)}</td>
                  <td>{session.kind}</td>
                  <td className="mono">{session.ip ?? '—'}</td>
                  <td className="agent" title={session.user_agent ?? undefined}>
                    {session.user_agent ?? '—'}
                  </td>
                  <td className="tabular">{formatDateTime(session.created, reader.language, reader.timeZone)}</td>
                  <td className="tabular">
                    {session.last_seen ? formatDateTime(session.last_seen, reader.language, reader.timeZone) : '—'}
                  </td>
                  <td className="cell-actions">
                    <Button
                      size="small"
                      danger
                      aria-label={t('session.endOf', { name: tidyName(session.user.name) })}
                      onClick={() => void end(session.id)}
                    >
                      {t('session.end')}
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  )
}
