// Keys and encryption: a tenant's keys, the fields that they seal, a new key, and the destruction of all.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { encryption, keepKeys, rotateKey, storeInClear, type EncryptedField, type Encryption } from '../../api/encryption'
import { useMoment } from '../../audit/useMoment'
import { PageHeader } from '../../frame/PageHeader'
import { useMay } from '../../frame/session'
import { useAsk } from '../../frame/useAsk'
import { tidyName } from '../../records/names'
import { DestroyDialog } from './DestroyDialog'
import { EncryptDialog } from './EncryptDialog'
import { FieldsTable } from './FieldsTable'
import { KeysTable } from './KeysTable'
import { isAtWork } from './progress'

const KEY = ['setup', 'encryption']
const LOOK_AGAIN = 2_000

type Asked = 'destroy' | 'encrypt' | null

export function EncryptionPage() {
  const { t, i18n } = useTranslation()
  const client = useQueryClient()
  const ask = useAsk()
  const mayDefine = useMay('ManageMetadata')
  const [asked, setAsked] = useState<Asked>(null)
  const all = useQuery({
    queryKey: [...KEY, i18n.language],
    queryFn: encryption,
    refetchInterval: (query) => (isAtWork(query.state.data) ? LOOK_AGAIN : false),
  })
  const refresh = () => client.invalidateQueries({ queryKey: KEY })
  const hasKeys = all.data?.keys.some((key) => key.destroyed === null) ?? false

  const askRotate = () =>
    ask({
      title: t('encryption.rotateTitle'),
      content: t('encryption.rotateText'),
      okText: t('encryption.rotate'),
      isDanger: false,
      act: rotateKey,
      then: refresh,
    })
  const askClear = (field: EncryptedField) =>
    ask({
      title: t('encryption.clearTitle', { field: field.label }),
      content: t('encryption.clearText'),
      okText: t('encryption.clear'),
      act: () => storeInClear(field.field),
      then: refresh,
    })
  const close = () => setAsked(null)
  const done = () => {
    close()
    void refresh()
  }

  return (
    <div className="page">
      <PageHeader
        title={t('encryption.title')}
        eyebrow={t('encryption.lead')}
        actions={
          <>
            {mayDefine && <Button onClick={() => setAsked('encrypt')}>{t('encryption.encrypt')}</Button>}
            <Button type="primary" disabled={!hasKeys} onClick={askRotate}>
              {t('encryption.rotate')}
            </Button>
          </>
        }
      />
      {all.data?.wish && <WishNote wish={all.data.wish} onKept={refresh} />}
      <h2>{t('encryption.keys')}</h2>
      <KeysTable query={all} keys={all.data?.keys ?? []} />
      {all.data?.rotation && <RotationNote rotation={all.data.rotation} />}
      {all.data && (
        <>
          <h2>{t('encryption.fields')}</h2>
          <FieldsTable fields={all.data.fields} conversions={all.data.conversions} onClear={askClear} />
        </>
      )}
      {hasKeys && !all.data?.wish && (
        <section className="stack">
          <h2>{t('encryption.destroyTitle')}</h2>
          <p className="muted">{t('encryption.destroyLead')}</p>
          <div>
            <Button danger onClick={() => setAsked('destroy')}>
              {t('encryption.destroy')}
            </Button>
          </div>
        </section>
      )}
      {asked === 'destroy' && <DestroyDialog onDone={done} onClose={close} />}
      {asked === 'encrypt' && <EncryptDialog fields={all.data?.encryptable ?? []} onDone={done} onClose={close} />}
    </div>
  )
}

function WishNote({ wish, onKept }: { wish: NonNullable<Encryption['wish']>; onKept: () => unknown }) {
  const { t } = useTranslation()
  const moment = useMoment()
  const ask = useAsk()
  const name = tidyName(wish.asked_by)
  const askKeep = () =>
    ask({
      title: t('encryption.keepTitle'),
      content: t('encryption.keepText'),
      okText: t('encryption.keep'),
      isDanger: false,
      act: keepKeys,
      then: onKept,
    })
  return (
    <Alert
      type="warning"
      showIcon
      role="status"
      title={t('encryption.wish', { name, until: moment(wish.expires) })}
      description={wish.reason}
      action={<Button onClick={askKeep}>{t('encryption.keep')}</Button>}
    />
  )
}

function RotationNote({ rotation }: { rotation: NonNullable<Encryption['rotation']> }) {
  const { t } = useTranslation()
  const moment = useMoment()
  const { number, sealed_anew: count, started, finished, at } = rotation
  const key = finished ? 'rotated' : at ? 'rotatingAt' : 'rotating'
  return (
    <p className="muted" aria-live="polite">
      {t(`encryption.${key}`, { number, count, at, started: moment(started), finished: moment(finished) })}
    </p>
  )
}
