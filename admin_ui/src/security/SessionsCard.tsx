// Where one is signed in; any place can be signed out from here.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import Tag from 'antd/es/tag'
import { useTranslation } from 'react-i18next'
import { endMyOtherSessions, endMySession, mySessions, type OwnSession } from '../api/security'
import { ErrorState, Lines } from '../frame/states'
import { useErrorText } from '../frame/useErrorText'
import { useReady } from '../frame/useReady'
import { useReader } from '../records/fields/useReader'
import { formatDateTime } from '../records/format'
import { tidyName } from '../records/names'

export function SessionsCard() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const ready = useReady()
  const all = useQuery({ queryKey: ['security', 'sessions'], queryFn: mySessions })
  const rows = all.data?.sessions ?? []

  async function attempt(act: () => Promise<unknown>, done: string) {
    try {
      await act()
      ready(done)
      await client.invalidateQueries({ queryKey: ['security', 'sessions'] })
    } catch (error) {
      message.error(errorText(error))
    }
  }

  return (
    <section className="card" aria-labelledby="sessions-title">
      <header>
        <h2 id="sessions-title">{t('security.sessions')}</h2>
        {rows.length > 1 && (
          <Button danger onClick={() => void attempt(endMyOtherSessions, t('security.othersEnded'))}>
            {t('security.endOthers')}
          </Button>
        )}
      </header>
      {all.error ? (
        <ErrorState error={all.error} onRetry={() => void all.refetch()} />
      ) : all.data === undefined ? (
        <Lines />
      ) : (
        <ul className="factor-list">
          {rows.map((session) => (
            <SessionRow
              key={session.id}
              session={session}
              onEnd={() => void attempt(() => endMySession(session.id), t('security.ended'))}
            />
          ))}
        </ul>
      )}
    </section>
  )
}

function SessionRow({ session, onEnd }: { session: OwnSession; onEnd: () => void }) {
  const { t } = useTranslation()
  const reader = useReader()
  const name = session.kind === 'browser' ? (session.device ?? '—') : (session.client ?? session.kind)
  const seen = formatDateTime(session.last_seen ?? session.created, reader.language, reader.timeZone)
  return (
    <li>
      <div className="factor-name">
        <strong>{name}</strong> {session.current && <Tag color="green">{t('security.here')}</Tag>}
        {session.acting && <Tag color="orange">{t('security.actedBy', { name: tidyName(session.acting.name) })}</Tag>}
        <div className="muted small">
          {t('security.seen', { ip: session.ip ?? '—', date: seen })}
        </div>
      </div>
      {!session.current && (
        <Button size="small" aria-label={t('security.endOf', { name })} onClick={onEnd}>
          {t('security.end')}
        </Button>
      )}
    </li>
  )
}
