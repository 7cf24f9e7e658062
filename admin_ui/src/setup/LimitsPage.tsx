// The limits of the organization and what of them is used; the operator of the installation sets them.
import { useQuery } from '@tanstack/react-query'
import Tag from 'antd/es/tag'
import { useTranslation } from 'react-i18next'
import { limitsAndUse, type ClientUse, type Limit } from '../api/limits'
import { useMoment } from '../audit/useMoment'
import { DataTable, type Column } from '../frame/DataTable'
import { PageHeader } from '../frame/PageHeader'

/** Clients that are no connected app go by what they are. */
const INBOUND = /^inbound: (.*)$/s
const KINDS = ['browser', 'api', 'command_line'] as const

export function LimitsPage() {
  const { t, i18n } = useTranslation()
  const moment = useMoment()
  const query = useQuery({ queryKey: ['setup', 'limits'], queryFn: limitsAndUse })
  const number = (value: number | null) => (value === null ? '' : value.toLocaleString(i18n.language.replace('_', '-')))
  const nameOf = (each: ClientUse) => {
    const kind = KINDS.find((known) => known === each.client)
    const inbound = INBOUND.exec(each.client)?.[1]
    if (inbound !== undefined) return t('limits.inboundKey', { name: inbound })
    return each.label ?? (kind ? t(`limits.clients.${kind}`) : each.client)
  }

  const limits: Column<Limit>[] = [
    { key: 'name', title: t('limits.limit'), cell: (each) => t(`limits.names.${each.name}`) },
    {
      key: 'value',
      title: t('limits.inForce'),
      className: 'numeric',
      cell: (each) => (
        <>
          {each.is_set && <Tag>{t('limits.ofYours')}</Tag>} {number(each.value)}
        </>
      ),
    },
    { key: 'used', title: t('limits.used'), className: 'numeric', cell: (each) => number(each.used) },
  ]
  const clients: Column<ClientUse>[] = [
    { key: 'client', title: t('limits.client'), cell: nameOf },
    { key: 'requests', title: t('limits.requests'), className: 'numeric', cell: (each) => number(each.requests) },
  ]
  const counted = query.data?.records_counted_at
  return (
    <div className="page">
      <PageHeader title={t('limits.title')}>
        <p className="muted">{t('limits.lead')}</p>
      </PageHeader>
      <DataTable
        query={query}
        rows={query.data?.limits ?? []}
        columns={limits}
        rowKey={(each) => each.name}
        empty={t('limits.title')}
        label={t('limits.title')}
      />
      {counted && <p className="muted small">{t('limits.counted', { when: moment(counted) })}</p>}
      {!query.error && (
        <>
          <h2>{t('limits.byClient')}</h2>
          <DataTable
            query={query}
            rows={query.data?.clients ?? []}
            columns={clients}
            rowKey={(each) => each.client}
            empty={t('limits.none')}
            label={t('limits.byClient')}
          />
        </>
      )}
    </div>
  )
}
