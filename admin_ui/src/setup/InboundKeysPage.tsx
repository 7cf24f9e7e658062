// Inbound keys, with which partners send documents: what there is, making one, revoking one.
import Tag from 'antd/es/tag'
import { useTranslation } from 'react-i18next'
import { inboundKeys, revokeInboundKey } from '../api/setup'
import type { InboundKey } from '../api/types'
import type { Column } from '../frame/DataTable'
import { useReader } from '../records/fields/useReader'
import { formatDateTime } from '../records/format'
import { tidyName } from '../records/names'
import { InboundKeyForm } from './InboundKeyForm'
import { KeysPage } from './KeysPage'

export function InboundKeysPage() {
  const { t } = useTranslation()
  const reader = useReader()
  const columns: Column<InboundKey>[] = [
    { key: 'label', title: t('inboundKey.label'), cell: (each) => each.label },
    { key: 'id', title: t('inboundKey.id'), className: 'mono', cell: (each) => each.id },
    { key: 'runs', title: t('inboundKey.runsAs'), cell: (each) => <RunsAs user={each.run_as} /> },
    {
      key: 'created',
      title: t('inboundKey.created'),
      className: 'tabular',
      cell: (each) => formatDateTime(each.created, reader.language, reader.timeZone),
    },
  ]
  return (
    <KeysPage
      queryKey={['setup', 'inbound-keys']}
      list={inboundKeys}
      rowsOf={(answer) => answer.keys}
      columns={columns}
      revoke={revokeInboundKey}
      form={InboundKeyForm}
      texts={{
        title: t('inboundKey.title'),
        lead: t('inboundKey.lead'),
        make: t('inboundKey.new'),
        none: t('inboundKey.none'),
        noneHint: t('inboundKey.noneHint'),
        revoke: t('inboundKey.revoke'),
        revokeOf: (name) => t('inboundKey.revokeOf', { name }),
        revokeTitle: (name) => t('inboundKey.revokeTitle', { name }),
        revokeText: t('inboundKey.revokeText'),
        secret: t('inboundKey.key'),
        once: t('inboundKey.once'),
      }}
    />
  )
}

function RunsAs({ user }: { user: InboundKey['run_as'] }) {
  const { t } = useTranslation()
  return (
    <>
      {tidyName(user.name)} <span className="muted small">{user.username}</span>{' '}
      {!user.is_active && <Tag color="orange">{t('user.inactive')}</Tag>}
    </>
  )
}
