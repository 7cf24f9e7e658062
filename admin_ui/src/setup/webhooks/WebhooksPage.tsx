// Webhooks: what there is and how it goes; making and changing one, a new secret, its calls, deleting it.
import { PlusOutlined } from '@ant-design/icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Tag from 'antd/es/tag'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteWebhook, renewWebhookSecret, webhooks, type Webhook } from '../../api/webhooks'
import { useWords } from '../../audit/useLabels'
import { useMoment } from '../../audit/useMoment'
import { DataTable, useActionsColumn, type Column } from '../../frame/DataTable'
import { PageHeader } from '../../frame/PageHeader'
import { useAsk } from '../../frame/useAsk'
import { tidyName } from '../../records/names'
import { SecretDialog } from '../SecretDialog'
import { DeliveriesDrawer } from './DeliveriesDrawer'
import { STATE_COLOURS, stateOf } from './state'
import { WebhookForm } from './WebhookForm'

const KEY = ['setup', 'webhooks']

export function WebhooksPage() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const ask = useAsk()
  const [edited, setEdited] = useState<Webhook | 'new' | null>(null)
  const [watched, setWatched] = useState<Webhook | null>(null)
  const [made, setMade] = useState<{ label: string; secret: string } | null>(null)
  const all = useQuery({ queryKey: KEY, queryFn: webhooks })
  const words = useWords(all.data?.webhooks.flatMap((each) => each.objects.map((one) => one.object)) ?? [])
  const refresh = () => client.invalidateQueries({ queryKey: KEY })

  const askRenew = (each: Webhook) =>
    ask({
      title: t('webhook.renewTitle', { name: each.label }),
      content: t('webhook.renewText'),
      okText: t('webhook.renew'),
      isDanger: false,
      act: async () => setMade({ label: each.label, secret: (await renewWebhookSecret(each.id)).secret }),
      then: refresh,
    })
  const askDelete = (each: Webhook) =>
    ask({
      title: t('webhook.deleteTitle', { name: each.label }),
      content: t('webhook.deleteText'),
      okText: t('webhook.delete'),
      act: () => deleteWebhook(each.id),
      then: refresh,
    })

  const columns: Column<Webhook>[] = [
    {
      key: 'label',
      title: t('webhook.label'),
      className: 'cell-text',
      cell: (each) => (
        <>
          <button type="button" className="record-link" onClick={() => setEdited(each)}>
            {each.label}
          </button>
          <div className="mono small muted break">{each.url}</div>
        </>
      ),
    },
    { key: 'objects', title: t('webhook.objects'), cell: (each) => each.objects.map((one) => words.object(one.object)).join(', ') },
    { key: 'user', title: t('webhook.runAs'), cell: (each) => (each.run_as ? tidyName(each.run_as.name) : '—') },
    { key: 'state', title: t('webhook.state'), cell: (each) => <State webhook={each} /> },
    {
      key: 'calls',
      title: t('webhook.calls'),
      cell: (each) => {
        const counts = t('webhook.counts', { waiting: each.waiting, dead: each.dead })
        return (
          <Button size="small" type="link" aria-label={`${each.label}: ${counts}`} onClick={() => setWatched(each)}>
            {counts}
          </Button>
        )
      },
    },
    useActionsColumn((each) => (
      <span className="row">
        <Button size="small" aria-label={t('webhook.renewOf', { name: each.label })} onClick={() => askRenew(each)}>
          {t('webhook.renew')}
        </Button>
        <Button size="small" danger aria-label={t('webhook.deleteOf', { name: each.label })} onClick={() => askDelete(each)}>
          {t('webhook.delete')}
        </Button>
      </span>
    )),
  ]

  return (
    <div className="page">
      <PageHeader
        title={t('webhook.title')}
        eyebrow={t('webhook.lead')}
        actions={
          <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setEdited('new')}>
            {t('webhook.new')}
          </Button>
        }
      />
      <DataTable
        query={all}
        rows={all.data?.webhooks ?? []}
        columns={columns}
        rowKey={(each) => each.id}
        empty={t('webhook.none')}
        hint={t('webhook.noneHint')}
      />
      {edited !== null && (
        <WebhookForm
          webhook={edited === 'new' ? null : edited}
          declared={all.data?.declared ?? []}
          onClose={() => setEdited(null)}
          onSaved={(secret) => {
            setEdited(null)
            setMade(secret)
            void refresh()
          }}
        />
      )}
      {watched !== null && (
        <DeliveriesDrawer
          webhook={all.data?.webhooks.find((each) => each.id === watched.id) ?? watched}
          onClose={() => setWatched(null)}
        />
      )}
      {made !== null && (
        <SecretDialog
          title={made.label}
          warning={t('webhook.secretOnce')}
          lines={[{ label: t('webhook.secret'), value: made.secret, toCopy: true, testId: 'secret' }]}
          onClose={() => setMade(null)}
        />
      )}
    </div>
  )
}

function State({ webhook }: { webhook: Webhook }) {
  const { t } = useTranslation()
  const moment = useMoment()
  const state = stateOf(webhook)
  return (
    <>
      <Tag color={STATE_COLOURS[state]}>{t(`webhook.states.${state}`)}</Tag>
      {webhook.last_success_at && (
        <div className="muted small">{t('webhook.lastSuccess', { moment: moment(webhook.last_success_at) })}</div>
      )}
      {webhook.stopped_because && <div className="small">{t(`webhook.stopped.${webhook.stopped_because}`)}</div>}
      {state === 'failing' && webhook.last_error && <div className="small">{webhook.last_error}</div>}
      {webhook.missed > 0 && <div className="small">{t('webhook.missed', { count: webhook.missed })}</div>}
    </>
  )
}
