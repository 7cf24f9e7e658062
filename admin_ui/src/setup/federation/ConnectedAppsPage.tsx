// Connected apps: what there is, making and changing one, a new secret, revoking it, and who lets it in.
import { PlusOutlined } from '@ant-design/icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Button from 'antd/es/button'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { connectedApps, renewSecret, revokeApp, type ConnectedApp } from '../../api/federation'
import { DataTable, useActionsColumn, type Column } from '../../frame/DataTable'
import { PageHeader } from '../../frame/PageHeader'
import { useAsk } from '../../frame/useAsk'
import { SecretDialog, type SecretLine } from '../SecretDialog'
import { AppForm } from './AppForm'
import { AppUsers } from './AppUsers'

const APPS = ['setup', 'connected-apps']

export function ConnectedAppsPage() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const ask = useAsk()
  const [edited, setEdited] = useState<ConnectedApp | 'new' | null>(null)
  const [watched, setWatched] = useState<ConnectedApp | null>(null)
  const [shown, setShown] = useState<{ label: string; lines: SecretLine[] } | null>(null)
  const all = useQuery({ queryKey: APPS, queryFn: connectedApps })
  const refresh = () => client.invalidateQueries({ queryKey: APPS })

  function show(label: string, id: string, secret: string | null) {
    const lines: SecretLine[] = [{ label: t('federation.clientId'), value: id, toCopy: true }]
    if (secret !== null)
      lines.push({ label: t('federation.clientSecret'), value: secret, toCopy: true, testId: 'secret' })
    setShown({ label, lines })
  }

  const askRenew = (each: ConnectedApp) =>
    ask({
      title: t('federation.renewTitle', { name: each.label }),
      content: t('federation.renewText'),
      okText: t('federation.renew'),
      act: async () => show(each.label, each.id, (await renewSecret(each.id)).client_secret),
      then: refresh,
    })
  const askRevoke = (each: ConnectedApp) =>
    ask({
      title: t('federation.revokeTitle', { name: each.label }),
      content: t('federation.revokeText'),
      okText: t('federation.revoke'),
      act: () => revokeApp(each.id),
      then: refresh,
    })

  const columns: Column<ConnectedApp>[] = [
    {
      key: 'label',
      title: t('federation.label'),
      cell: (each) => (
        <button type="button" className="record-link" onClick={() => setEdited(each)}>
          {each.label}
        </button>
      ),
    },
    { key: 'id', title: t('federation.clientId'), className: 'mono', cell: (each) => each.id },
    { key: 'scopes', title: t('federation.scopes'), cell: (each) => each.scopes.join(' ') },
    {
      key: 'users',
      title: t('federation.users'),
      cell: (each) => (
        <Button size="small" type="link" aria-label={t('federation.usersOf', { name: each.label })} onClick={() => setWatched(each)}>
          {each.users}
        </Button>
      ),
    },
    useActionsColumn((each) => (
      <span className="row">
        {!each.public && (
          <Button size="small" onClick={() => askRenew(each)}>
            {t('federation.renew')}
          </Button>
        )}
        <Button size="small" danger aria-label={t('federation.revokeOf', { name: each.label })} onClick={() => askRevoke(each)}>
          {t('federation.revoke')}
        </Button>
      </span>
    )),
  ]

  return (
    <div className="page">
      <PageHeader
        title={t('federation.apps')}
        eyebrow={t('federation.appsLead')}
        actions={
          <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setEdited('new')}>
            {t('federation.newApp')}
          </Button>
        }
      />
      <DataTable
        query={all}
        rows={all.data?.apps ?? []}
        columns={columns}
        rowKey={(each) => each.id}
        empty={t('federation.noApps')}
        hint={t('federation.noAppsHint')}
      />
      {edited !== null && (
        <AppForm
          app={edited === 'new' ? null : edited}
          onClose={() => setEdited(null)}
          onSaved={(made) => {
            setEdited(null)
            if (made) show(made.label, made.client_id, made.client_secret)
            void refresh()
          }}
        />
      )}
      {watched !== null && <AppUsers app={watched} onClose={() => setWatched(null)} />}
      {shown !== null && (
        <SecretDialog
          title={shown.label}
          warning={shown.lines.length > 1 ? t('federation.secretOnce') : t('federation.publicNote')}
          lines={shown.lines}
          onClose={() => setShown(null)}
        />
      )}
    </div>
  )
}
