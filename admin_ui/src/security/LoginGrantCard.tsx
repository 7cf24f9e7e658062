// Letting administrators sign in as oneself, for a while.
import App from 'antd/es/app'
import Button from 'antd/es/button'
import Select from 'antd/es/select'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { grantLogin, withdrawLogin } from '../api/security'
import { useErrorText } from '../frame/useErrorText'
import { useReader } from '../records/fields/useReader'
import { formatDateTime } from '../records/format'
import { useMySecurity, useRefreshMySecurity } from './useMySecurity'

const HOURS = [1, 4, 8, 24]

export function LoginGrantCard() {
  const { t } = useTranslation()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const reader = useReader()
  const mine = useMySecurity()
  const refresh = useRefreshMySecurity()
  const [hours, setHours] = useState(1)

  async function attempt(act: () => Promise<unknown>) {
    try {
      await act()
      await refresh()
    } catch (error) {
      message.error(errorText(error))
    }
  }

  if (mine.data === undefined || mine.data.login_as !== 'when_granted') return null
  const until = mine.data.login_granted_until
  return (
    <section className="card" aria-labelledby="grant-title">
      <header>
        <h2 id="grant-title">{t('security.grant')}</h2>
      </header>
      <p className="card-text">{t('security.grantLead')}</p>
      <div className="card-text row-tight wrap">
        {until === null ? (
          <>
            <Select
              aria-label={t('security.grantFor')}
              value={hours}
              onChange={setHours}
              options={HOURS.map((value) => ({ value, label: t('security.hours', { count: value }) }))}
            />
            <Button onClick={() => void attempt(() => grantLogin(hours))}>{t('security.letIn')}</Button>
          </>
        ) : (
          <>
            <span>{t('security.grantedUntil', { date: formatDateTime(until, reader.language, reader.timeZone) })}</span>
            <Button danger onClick={() => void attempt(withdrawLogin)}>
              {t('security.letOut')}
            </Button>
          </>
        )}
      </div>
    </section>
  )
}
