// A tenant's keys by number: which seals new values, which only open old ones, which are gone.
import Tag from 'antd/es/tag'
import { useTranslation } from 'react-i18next'
import type { TenantKey } from '../../api/encryption'
import { useMoment } from '../../audit/useMoment'
import { DataTable, type Column } from '../../frame/DataTable'

interface KeysTableProps {
  query: { error: unknown; isPending: boolean; refetch: () => unknown }
  keys: TenantKey[]
}

const COLOURS = { inUse: 'green', opens: undefined, destroyed: 'red' } as const

export function KeysTable({ query, keys }: KeysTableProps) {
  const { t } = useTranslation()
  const moment = useMoment()
  const newest = (kind: TenantKey['kind']) =>
    Math.max(...keys.filter((each) => each.kind === kind && each.destroyed === null).map((each) => each.number))
  const stateOf = (key: TenantKey) =>
    key.destroyed !== null ? 'destroyed' : key.number === newest(key.kind) ? 'inUse' : 'opens'

  const columns: Column<TenantKey>[] = [
    {
      key: 'key',
      title: t('encryption.key'),
      cell: (key) => (
        <>
          {t(`encryption.kinds.${key.kind}`, { number: key.number })}
          <div className="muted small">{t(`encryption.purposes.${key.kind}`)}</div>
        </>
      ),
    },
    {
      key: 'state',
      title: t('encryption.state'),
      cell: (key) => <Tag color={COLOURS[stateOf(key)]}>{t(`encryption.states.${stateOf(key)}`)}</Tag>,
    },
    { key: 'made', title: t('encryption.made'), className: 'tabular', cell: (key) => moment(key.made) },
    { key: 'gone', title: t('encryption.destroyed'), className: 'tabular', cell: (key) => moment(key.destroyed) },
    { key: 'by', title: t('encryption.wrappedBy'), className: 'mono', cell: (key) => key.wrapped_by },
  ]
  return (
    <DataTable
      query={query}
      rows={keys}
      columns={columns}
      rowKey={(key) => `${key.kind}${key.number}`}
      empty={t('encryption.noKeys')}
      hint={t('encryption.noKeysHint')}
      label={t('encryption.keys')}
    />
  )
}
