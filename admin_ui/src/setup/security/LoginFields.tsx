// From where and when one may sign in: address ranges and hours of the week.
import Checkbox from 'antd/es/checkbox'
import Input from 'antd/es/input'
import Select from 'antd/es/select'
import Switch from 'antd/es/switch'
import { useTranslation } from 'react-i18next'
import type { LoginRestriction } from '../../api/security'
import { DAYS } from './policyKeys'

interface LoginFieldsProps {
  /** Whose it is: the tenant's, or that of a permission set, which can ask for a second factor too. */
  of: 'tenant' | 'set'
  login: LoginRestriction
  /** Null where it may only be read. */
  onChange: ((login: LoginRestriction | undefined) => void) | null
}

export function LoginFields({ of, login, onChange }: LoginFieldsProps) {
  const { t } = useTranslation()
  const { hours } = login

  function set(changes: Partial<LoginRestriction>) {
    const next = Object.entries({ ...login, ...changes }).filter(([, value]) => value !== undefined)
    onChange?.(next.length > 0 ? (Object.fromEntries(next) as LoginRestriction) : undefined)
  }

  return (
    <section className="card" aria-labelledby="policy-login">
      <header>
        <h2 id="policy-login">{t('policy.login.title')}</h2>
      </header>
      <p className="card-text muted">{t(of === 'tenant' ? 'policy.login.lead' : 'policy.login.leadOfSet')}</p>
      <div className="policy-row policy-row-wide">
        <label htmlFor="login-ranges">
          {t('policy.login.ip_ranges')}
          <span className="field-help">{t('policy.login.rangesHint')}</span>
        </label>
        <Select
          id="login-ranges"
          mode="tags"
          disabled={onChange === null}
          open={false}
          suffixIcon={null}
          tokenSeparators={[',', ' ']}
          value={login.ip_ranges ?? []}
          onChange={(ip_ranges: string[]) => set({ ip_ranges: ip_ranges.length > 0 ? ip_ranges : undefined })}
        />
      </div>
      <div className="policy-row policy-row-wide">
        <Checkbox
          disabled={onChange === null}
          checked={hours !== undefined}
          onChange={(event) => set({ hours: event.target.checked ? { from: '08:00', to: '20:00' } : undefined })}
        >
          {t('policy.login.hours')}
        </Checkbox>
        {hours && (
          <div className="row-tight wrap">
            <Input
              type="time"
              disabled={onChange === null}
              className="time-input"
              aria-label={t('policy.login.from')}
              value={hours.from}
              onChange={(event) => set({ hours: { ...hours, from: event.target.value } })}
            />
            <span aria-hidden>–</span>
            <Input
              type="time"
              disabled={onChange === null}
              className="time-input"
              aria-label={t('policy.login.to')}
              value={hours.to}
              onChange={(event) => set({ hours: { ...hours, to: event.target.value } })}
            />
            <Select
              mode="multiple"
              disabled={onChange === null}
              className="day-select"
              aria-label={t('policy.login.days')}
              placeholder={t('policy.login.everyDay')}
              value={hours.days ?? []}
              onChange={(days: string[]) =>
                set({ hours: days.length > 0 ? { ...hours, days } : { from: hours.from, to: hours.to } })
              }
              options={DAYS.map((value) => ({ value, label: t(`policy.days.${value}`, { defaultValue: value }) }))}
            />
          </div>
        )}
      </div>
      {of === 'set' && (
        <div className="policy-row">
          <label htmlFor="login-factor">{t('policy.login.second_factor')}</label>
          <Switch
            id="login-factor"
            disabled={onChange === null}
            checked={login.second_factor === true}
            onChange={(isOn) => set({ second_factor: isOn || undefined })}
          />
        </div>
      )}
    </section>
  )
}
