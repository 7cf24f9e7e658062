// What became of a webhook's calls, the newest first; dead ones may be made again.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Drawer from 'antd/es/drawer'
import Segmented from 'antd/es/segmented'
import Tag from 'antd/es/tag'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import {
  deliveries,
  replayDeliveries,
  testWebhook,
  type Delivery,
  type DeliveryStatus,
  type Webhook,
} from '../../api/webhooks'
import { useWords, type Words } from '../../audit/useLabels'
import { useMoment } from '../../audit/useMoment'
import { DataTable, useActionsColumn, type Column } from '../../frame/DataTable'
import { useAsk } from '../../frame/useAsk'
import { DELIVERY_COLOURS } from './state'

const LOOK_AGAIN = 3_000
const STATUSES: DeliveryStatus[] = ['waiting', 'delivered', 'dead']

export function DeliveriesDrawer({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const ask = useAsk()
  const moment = useMoment()
  const words = useWords(webhook.objects.map((each) => each.object))
  const [status, setStatus] = useState<DeliveryStatus | null>(null)
  const key = ['setup', 'webhooks', webhook.id, 'deliveries']
  const all = useQuery({
    queryKey: [...key, status],
    queryFn: () => deliveries(webhook.id, status),
    refetchInterval: (query) =>
      query.state.data?.deliveries.some((each) => each.status === 'waiting') ? LOOK_AGAIN : false,
  })
  const refresh = () => client.invalidateQueries({ queryKey: ['setup', 'webhooks'] })

  const askReplay = (ids: string[] | null) =>
    ask({
      title: ids === null ? t('webhook.replayAllTitle') : t('webhook.replayTitle'),
      content: t('webhook.replayText'),
      okText: t('webhook.replay'),
      isDanger: false,
      act: () => replayDeliveries(webhook.id, ids),
      then: refresh,
    })
  const askTest = () =>
    ask({
      title: t('webhook.testTitle'),
      content: t('webhook.testText'),
      okText: t('webhook.test'),
      isDanger: false,
      act: () => testWebhook(webhook.id),
      then: refresh,
    })

  const columns: Column<Delivery>[] = [
    {
      key: 'status',
      title: t('webhook.status'),
      cell: (each) => <Tag color={DELIVERY_COLOURS[each.status]}>{t(`webhook.statuses.${each.status}`)}</Tag>,
    },
    { key: 'created', title: t('webhook.made'), className: 'tabular', cell: (each) => moment(each.created_at) },
    { key: 'what', title: t('webhook.told'), cell: (each) => <Told delivery={each} words={words} /> },
    { key: 'outcome', title: t('webhook.outcome'), className: 'cell-text', cell: (each) => <Outcome delivery={each} /> },
    useActionsColumn((each) =>
      each.status === 'dead' && !each.is_test ? (
        <Button size="small" onClick={() => askReplay([each.id])}>
          {t('webhook.replay')}
        </Button>
      ) : null,
    ),
  ]
  return (
    <Drawer
      open
      size={860}
      title={t('webhook.deliveriesOf', { name: webhook.label })}
      onClose={onClose}
    >
      <div className="stack">
        <div className="row">
          <Segmented
            className="push-left"
            aria-label={t('webhook.status')}
            value={status ?? 'all'}
            options={[
              { value: 'all', label: t('webhook.all') },
              ...STATUSES.map((each) => ({ value: each, label: t(`webhook.statuses.${each}`) })),
            ]}
            onChange={(value) => setStatus(value === 'all' ? null : (value as DeliveryStatus))}
          />
          <Button onClick={askTest}>{t('webhook.test')}</Button>
          <Button disabled={webhook.dead === 0} onClick={() => askReplay(null)}>
            {t('webhook.replayAll')}
          </Button>
        </div>
        <DataTable
          query={all}
          rows={all.data?.deliveries ?? []}
          columns={columns}
          rowKey={(each) => each.id}
          empty={t('webhook.noDeliveries')}
          hint={t('webhook.noDeliveriesHint')}
          label={t('webhook.deliveriesOf', { name: webhook.label })}
        />
      </div>
    </Drawer>
  )
}

function Told({ delivery, words }: { delivery: Delivery; words: Words }) {
  const { t } = useTranslation()
  if (delivery.is_test) return <>{t('webhook.test')}</>
  return (
    <>
      {delivery.changes?.map((each, place) => (
        <div key={place}>
          {words.object(each.object)}: {t(`webhook.event.${each.type}`)} ({each.record_ids.length})
        </div>
      ))}
    </>
  )
}

function Outcome({ delivery }: { delivery: Delivery }) {
  const { t } = useTranslation()
  const moment = useMoment()
  return (
    <>
      {delivery.http_status !== null && <span className="tabular">{delivery.http_status} </span>}
      {delivery.milliseconds !== null && <span className="muted small">{delivery.milliseconds} ms</span>}
      {delivery.error && <div>{delivery.error}</div>}
      {delivery.answer && <div className="mono small">{delivery.answer}</div>}
      {delivery.status === 'waiting' && delivery.attempts > 0 && (
        <div className="muted small">
          {t('webhook.again', { count: delivery.attempts, moment: moment(delivery.due_at) })}
        </div>
      )}
    </>
  )
}
