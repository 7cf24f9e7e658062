// The security policy: what is asked of whoever signs in. Saved as a whole; what is not set holds by default.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import Checkbox from 'antd/es/checkbox'
import InputNumber from 'antd/es/input-number'
import Select from 'antd/es/select'
import Switch from 'antd/es/switch'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../../api/client'
import { changeSecurityPolicy, securityPolicy, type SecurityPolicy } from '../../api/security'
import { PageHeader } from '../../frame/PageHeader'
import { ErrorState, Lines } from '../../frame/states'
import { useErrorText } from '../../frame/useErrorText'
import { useReady } from '../../frame/useReady'
import { LoginFields } from './LoginFields'
import { ACTS, changesBetween, SECTIONS, valueOf, withValue, type Key, type Section } from './policyKeys'

const KEY = ['setup', 'security-policy']

export function SecurityPolicyPage() {
  const { t } = useTranslation()
  const query = useQuery({ queryKey: KEY, queryFn: securityPolicy })
  return (
    <div className="page">
      <PageHeader title={t('setup.securityPolicy')} />
      {query.error ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data === undefined ? (
        <Lines />
      ) : (
        <PolicyForm key={JSON.stringify(query.data.policy)} {...query.data} />
      )}
    </div>
  )
}

function PolicyForm({ policy, defaults }: { policy: SecurityPolicy; defaults: SecurityPolicy }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const ready = useReady()
  const errorText = useErrorText()
  const [draft, setDraft] = useState(policy)
  const [errors, setErrors] = useState<string[]>([])
  const [isBusy, setBusy] = useState(false)
  const isChanged = JSON.stringify(draft) !== JSON.stringify(policy)

  async function save() {
    setBusy(true)
    setErrors([])
    try {
      await changeSecurityPolicy(changesBetween(policy, draft))
      ready(t('policy.saved'))
      await client.invalidateQueries({ queryKey: KEY })
    } catch (error) {
      const problems = error instanceof ApiError && error.status === 400 ? error.problems : []
      setErrors(problems.length > 0 ? problems.map((each) => each.message) : [errorText(error)])
    } finally {
      setBusy(false)
    }
  }

  return (
    <div className="policy">
      {SECTIONS.map(({ name, keys }) => (
        <section className="card" key={name} aria-labelledby={`policy-${name}`}>
          <header>
            <h2 id={`policy-${name}`}>{t(`policy.${name}.title`)}</h2>
          </header>
          {keys.map((key) => (
            <PolicyRow
              key={key.name}
              id={`${name}-${key.name}`}
              section={name}
              policyKey={key}
              value={valueOf(draft, defaults, name, key.name)}
              onChange={(value) => setDraft(withValue(draft, name, key.name, value))}
            />
          ))}
          {name === 'second_factor' && (
            <div className="policy-row">
              <label htmlFor="verification">
                {t('policy.verification_minutes')}
                <span className="field-help">{t('policy.verificationHint')}</span>
              </label>
              <InputNumber
                id="verification"
                min={1}
                max={240}
                suffix={t('policy.units.minutes')}
                value={draft.verification_minutes ?? defaults.verification_minutes}
                onChange={(value) => setDraft({ ...draft, verification_minutes: value ?? undefined })}
              />
            </div>
          )}
        </section>
      ))}
      <LoginFields of="tenant" login={draft.login ?? {}} onChange={(login) => setDraft({ ...draft, login })} />
      <section className="card" aria-labelledby="policy-four-eyes">
        <header>
          <h2 id="policy-four-eyes">{t('policy.four_eyes.title')}</h2>
        </header>
        <p className="card-text muted">{t('policy.four_eyes.lead')}</p>
        <Checkbox.Group
          className="card-text policy-acts"
          value={draft.four_eyes ?? []}
          onChange={(four_eyes) => setDraft({ ...draft, four_eyes: four_eyes as string[] })}
          options={ACTS.map((value) => ({ value, label: t(`policy.four_eyes.${value}`, { defaultValue: value }) }))}
        />
      </section>
      <div className="policy-save">
        {errors.length > 0 && (
          <Alert
            type="error"
            showIcon
            role="alert"
            title={t('security.willNotDo')}
            description={errors.map((each) => <div key={each}>{each}</div>)}
          />
        )}
        <Button type="primary" disabled={!isChanged} loading={isBusy} onClick={() => void save()}>
          {t('action.save')}
        </Button>
        <Button disabled={!isChanged} onClick={() => setDraft(policy)}>
          {t('action.undo')}
        </Button>
      </div>
    </div>
  )
}

interface PolicyRowProps {
  id: string
  section: Section
  policyKey: Key
  value: unknown
  onChange: (value: unknown) => void
}

function PolicyRow({ id, section, policyKey, value, onChange }: PolicyRowProps) {
  const { t } = useTranslation()
  const hint = t(`policy.${section}.${policyKey.name}Hint`, { defaultValue: '' })
  return (
    <div className="policy-row">
      <label htmlFor={id}>
        {t(`policy.${section}.${policyKey.name}`, { defaultValue: policyKey.name })}
        {hint !== '' && <span className="field-help">{hint}</span>}
      </label>
      {policyKey.kind === 'switch' && <Switch id={id} checked={value === true} onChange={onChange} />}
      {policyKey.kind === 'number' && (
        <InputNumber
          id={id}
          min={policyKey.least}
          max={policyKey.most}
          suffix={policyKey.unit && t(`policy.units.${policyKey.unit}`)}
          placeholder={t('policy.asInstalled')}
          value={value as number | null}
          onChange={onChange}
        />
      )}
      {policyKey.kind === 'choice' && (
        <Select
          id={id}
          value={value as string}
          onChange={onChange}
          options={policyKey.options.map((each) => ({ value: each, label: t(`policy.${section}.values.${each}`, { defaultValue: each }) }))}
        />
      )}
    </div>
  )
}
