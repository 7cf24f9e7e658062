// The apps that one let in; what was allowed can be taken back here.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import { useTranslation } from 'react-i18next'
import { leaveApp, myApps } from '../api/federation'
import { ErrorState, Lines } from '../frame/states'
import { useErrorText } from '../frame/useErrorText'
import { useReader } from '../records/fields/useReader'
import { formatDateTime } from '../records/format'
import { useScopeText } from './ScopeList'

const MINE = ['federation', 'my-apps']

export function MyAppsCard() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const scopeText = useScopeText()
  const reader = useReader()
  const all = useQuery({ queryKey: MINE, queryFn: myApps })

  async function leave(id: string) {
    try {
      await leaveApp(id)
      await client.invalidateQueries({ queryKey: MINE })
    } catch (error) {
      message.error(errorText(error))
    }
  }

  return (
    <section className="card" aria-labelledby="my-apps-title">
      <header>
        <h2 id="my-apps-title">{t('federation.myApps')}</h2>
      </header>
      {all.error ? (
        <ErrorState error={all.error} onRetry={() => void all.refetch()} />
      ) : all.data === undefined ? (
        <Lines />
      ) : all.data.apps.length === 0 ? (
        <p className="muted card-text">{t('federation.noMyApps')}</p>
      ) : (
        <ul className="factor-list">
          {all.data.apps.map((each) => (
            <li key={each.app.id}>
              <div className="factor-name">
                <strong>{each.app.label}</strong>
                <div className="muted small">{[...new Set(each.scopes.map(scopeText))].join(' · ')}</div>
                <div className="muted small">
                  {t('federation.granted')}: {formatDateTime(each.granted, reader.language, reader.timeZone)}
                </div>
              </div>
              <Button
                size="small"
                danger
                aria-label={t('federation.endOf', { name: each.app.label })}
                onClick={() => void leave(each.app.id)}
              >
                {t('federation.end')}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
