// The addresses that the provider's administrator must enter there.
import { useTranslation } from 'react-i18next'
import { CopyOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import { Fragment } from 'react'
import { useReady } from '../../frame/useReady'

const KNOWN = ['callback', 'metadata', 'acs', 'slo'] as const

export function ProviderAddresses({ addresses }: { addresses: Record<string, string> }) {
  const { t } = useTranslation()
  const ready = useReady()
  return (
    <section>
      <h3>{t('federation.addresses')}</h3>
      <dl className="password">
        {KNOWN.filter((each) => each in addresses).map((each) => (
          <Fragment key={each}>
            <dt>{t(`federation.address.${each}`)}</dt>
            <dd>
              <code className="break">{addresses[each]}</code>{' '}
              <Button
                size="small"
                icon={<CopyOutlined aria-hidden />}
                aria-label={t('action.copyOf', { what: t(`federation.address.${each}`) })}
                onClick={() => {
                  void navigator.clipboard?.writeText(addresses[each] ?? '')
                  ready(t('record.copied'))
                }}
              />
            </dd>
          </Fragment>
        ))}
      </dl>
    </section>
  )
}
