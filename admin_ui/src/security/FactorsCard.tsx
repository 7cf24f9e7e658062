// Second factors: which there are, another one, and codes for who loses them.
import { KeyOutlined, MobileOutlined } from '@ant-design/icons'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import Modal from 'antd/es/modal'
import Tag from 'antd/es/tag'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { newRecoveryCodes, removeFactor, type Factor } from '../api/security'
import { ErrorState, Lines } from '../frame/states'
import { useAsk } from '../frame/useAsk'
import { useErrorText } from '../frame/useErrorText'
import { useReader } from '../records/fields/useReader'
import { formatDateTime } from '../records/format'
import { EnrolFactor } from './EnrolFactor'
import { RecoveryCodes } from './RecoveryCodes'
import { useMySecurity, useRefreshMySecurity } from './useMySecurity'

export function FactorsCard() {
  const { t } = useTranslation()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const ask = useAsk()
  const mine = useMySecurity()
  const refresh = useRefreshMySecurity()
  const [isAdding, setAdding] = useState(false)
  const [codes, setCodes] = useState<string[]>([])

  async function attempt(act: () => Promise<void>) {
    try {
      await act()
      await refresh()
    } catch (error) {
      message.error(errorText(error))
    }
  }

  const remove = (factor: Factor) =>
    ask({
      title: t('security.removeTitle', { name: factor.label }),
      content: t('security.removeText'),
      okText: t('security.remove'),
      act: () => removeFactor(factor.id),
      then: refresh,
    })

  return (
    <section className="card" aria-labelledby="factors-title">
      <header>
        <h2 id="factors-title">{t('security.factors')}</h2>
        <Button type={mine.data?.factors.length === 0 ? 'primary' : 'default'} onClick={() => setAdding(true)}>
          {t('security.add')}
        </Button>
      </header>
      {mine.error ? (
        <ErrorState error={mine.error} onRetry={() => void mine.refetch()} />
      ) : mine.data === undefined ? (
        <Lines />
      ) : (
        <>
          {mine.data.factors.length === 0 && <p className="card-text muted">{t('security.noFactors')}</p>}
          <ul className="factor-list">
            {mine.data.factors.map((factor) => (
              <FactorRow key={factor.id} factor={factor} onRemove={() => remove(factor)} />
            ))}
          </ul>
          {mine.data.factors.length > 0 && (
            <p className="card-text row-tight wrap">
              <span>{t('security.codesLeft', { count: mine.data.recovery_codes })}</span>
              <Button
                size="small"
                onClick={() => void attempt(async () => setCodes((await newRecoveryCodes()).recovery_codes))}
              >
                {t('security.newCodes')}
              </Button>
            </p>
          )}
        </>
      )}
      {isAdding && (
        <Modal open title={t('security.addTitle')} footer={null} width={420} onCancel={() => setAdding(false)}>
          <EnrolFactor
            onEnrolled={(made) => {
              setAdding(false)
              setCodes(made)
              void refresh()
            }}
          />
        </Modal>
      )}
      {codes.length > 0 && (
        <Modal open title={t('security.codes')} footer={null} width={420} closable={false}>
          <RecoveryCodes codes={codes} onDone={() => setCodes([])} />
        </Modal>
      )}
    </section>
  )
}

function FactorRow({ factor, onRemove }: { factor: Factor; onRemove: () => void }) {
  const { t } = useTranslation()
  const reader = useReader()
  const used = factor.last_used ?? factor.created
  return (
    <li>
      {factor.kind === 'totp' ? <MobileOutlined aria-hidden /> : <KeyOutlined aria-hidden />}
      <div className="factor-name">
        <strong>{factor.label}</strong> <Tag>{t(`security.kinds.${factor.kind}`)}</Tag>
        <div className="muted small">
          {t('security.lastUsed', { date: formatDateTime(used, reader.language, reader.timeZone) })}
        </div>
      </div>
      <Button size="small" danger aria-label={t('security.removeOf', { name: factor.label })} onClick={onRemove}>
        {t('security.remove')}
      </Button>
    </li>
  )
}
