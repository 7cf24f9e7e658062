// Which of a provider's subjects is which user; an existing user is linked here.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import Drawer from 'antd/es/drawer'
import Input from 'antd/es/input'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import {
  linkedIdentities,
  linkIdentity,
  unlinkIdentity,
  type IdentityProvider,
  type LinkedIdentity,
} from '../../api/federation'
import { DataTable, useActionsColumn, type Column } from '../../frame/DataTable'
import { useErrorText } from '../../frame/useErrorText'
import { useReader } from '../../records/fields/useReader'
import { formatDateTime } from '../../records/format'
import { tidyName } from '../../records/names'
import { UserPicker } from '../UserPicker'

export function ProviderUsers({ provider, onClose }: { provider: IdentityProvider; onClose: () => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const reader = useReader()
  const [subject, setSubject] = useState('')
  const [user, setUser] = useState<string | null>(null)
  const key = ['setup', 'identities', provider.id]
  const all = useQuery({ queryKey: key, queryFn: () => linkedIdentities(provider.id) })

  async function attempt(act: () => Promise<void>) {
    try {
      await act()
      setSubject('')
      setUser(null)
    } catch (error) {
      message.error(errorText(error))
    }
    await client.invalidateQueries({ queryKey: key })
  }

  const columns: Column<LinkedIdentity>[] = [
    { key: 'user', title: t('federation.user'), cell: (each) => tidyName(each.user.name) },
    { key: 'subject', title: t('federation.subject'), className: 'mono', cell: (each) => each.subject },
    {
      key: 'used',
      title: t('federation.lastUsed'),
      className: 'tabular',
      cell: (each) =>
        each.last_sign_in === null
          ? t('federation.never')
          : formatDateTime(each.last_sign_in, reader.language, reader.timeZone),
    },
    useActionsColumn((each) => (
      <Button
        size="small"
        danger
        aria-label={t('federation.unlinkOf', { name: tidyName(each.user.name) })}
        onClick={() => void attempt(() => unlinkIdentity(provider.id, each.user.id))}
      >
        {t('federation.unlink')}
      </Button>
    )),
  ]
  return (
    <Drawer open size={640} title={t('federation.identitiesOf', { name: provider.label })} onClose={onClose}>
      <DataTable
        query={all}
        rows={all.data?.identities ?? []}
        columns={columns}
        rowKey={(each) => each.subject}
        empty={t('federation.noIdentities')}
      />
      <h3>{t('federation.linkUser')}</h3>
      <div className="toolbar">
        <UserPicker value={user} label={t('federation.user')} onChange={setUser} />
        <Input
          className="setup-search"
          aria-label={t('federation.subject')}
          placeholder={t('federation.subject')}
          value={subject}
          onChange={(event) => setSubject(event.target.value)}
        />
        <Button
          type="primary"
          disabled={user === null || subject.trim() === ''}
          onClick={() => void attempt(() => linkIdentity(provider.id, subject.trim(), user ?? ''))}
        >
          {t('federation.link')}
        </Button>
      </div>
    </Drawer>
  )
}
