// One permission set: objects and rights as a matrix, fields, system permissions, apps, and who holds it.
import { CopyOutlined, DeleteOutlined } from '@ant-design/icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Alert from 'antd/es/alert'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import Tabs from 'antd/es/tabs'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate, useParams, useSearchParams } from 'react-router'
import { deletePermissionSet, permissionSet, savePermissionSet } from '../api/setup'
import type { PermissionSet, PermissionSetDraft } from '../api/types'
import { PageHeader } from '../frame/PageHeader'
import { useMay } from '../frame/session'
import { ErrorState, Lines } from '../frame/states'
import { useAsk } from '../frame/useAsk'
import { useErrorText } from '../frame/useErrorText'
import { useReady } from '../frame/useReady'
import { UnsavedGuard } from '../records/form/UnsavedGuard'
import { FieldRights } from './FieldRights'
import { IncludedSets } from './IncludedSets'
import { NewPermissionSet } from './NewPermissionSet'
import { ObjectRights } from './ObjectRights'
import { PermissionSetUsers } from './PermissionSetUsers'
import { LoginFields } from './security/LoginFields'
import { SystemRights } from './SystemRights'
import { isSame, toDraft } from './permissions'

export function PermissionSetPage() {
  const { name } = useParams()
  const set = useQuery({ queryKey: ['setup', 'permission-sets', name], queryFn: () => permissionSet(name ?? '') })
  if (set.error) return <ErrorState error={set.error} onRetry={() => void set.refetch()} />
  if (set.data === undefined) return <Lines count={10} />
  return <PermissionSetEditor key={set.data.name} set={set.data} />
}

function PermissionSetEditor({ set }: { set: PermissionSet }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const client = useQueryClient()
  const { message } = App.useApp()
  const ask = useAsk()
  const errorText = useErrorText()
  const ready = useReady()
  const mayChange = useMay('ManagePermissions')
  const isReadOnly = !set.custom || !mayChange
  const [search, setSearch] = useSearchParams()
  const [isCloning, setCloning] = useState(false)
  const [draft, setDraft] = useState<PermissionSetDraft>(() => toDraft(set))
  const [isSaving, setSaving] = useState(false)
  const isDirty = !isSame(draft, toDraft(set))
  const change = isReadOnly ? null : setDraft

  async function save() {
    setSaving(true)
    try {
      await savePermissionSet(set.name, draft)
      await client.invalidateQueries({ queryKey: ['setup', 'permission-sets'] })
      await client.invalidateQueries({ queryKey: ['describe'] })
      await client.refetchQueries({ queryKey: ['bootstrap'] })
      ready(t('form.saved'))
    } catch (error) {
      message.error(errorText(error))
    } finally {
      setSaving(false)
    }
  }

  function askDelete() {
    ask({
      title: t('permission.delete', { label: set.label }),
      content: t('permission.deleteText', { count: set.users.length }),
      okText: t('action.delete'),
      act: async () => {
        await deletePermissionSet(set.name)
        await client.invalidateQueries({ queryKey: ['setup', 'permission-sets'] })
        void navigate('/admin/permission-sets')
      },
    })
  }

  return (
    <div className="page">
      <UnsavedGuard isDirty={isDirty} />
      <PageHeader
        eyebrow={<Link to="/admin/permission-sets">{t('setup.permissionSets')}</Link>}
        title={set.label}
        actions={
          <>
            {mayChange && (
              <Button icon={<CopyOutlined aria-hidden />} onClick={() => setCloning(true)}>
                {t('action.clone')}
              </Button>
            )}
            {!isReadOnly && (
              <>
                <Button danger icon={<DeleteOutlined aria-hidden />} onClick={askDelete}>
                  {t('action.delete')}
                </Button>
                <Button type="primary" disabled={!isDirty} loading={isSaving} onClick={() => void save()}>
                  {t('action.save')}
                </Button>
              </>
            )}
          </>
        }
      >
        <p className="muted">
          <code>{set.name}</code>
          {set.description && ` · ${set.description}`}
        </p>
      </PageHeader>
      {!set.custom && <Alert type="info" showIcon title={t('permission.packaged', { package: set.package ?? '' })} />}
      <Tabs
        activeKey={search.get('tab') ?? 'objects'}
        onChange={(tab) => setSearch({ tab }, { replace: true })}
        items={[
          {
            key: 'objects',
            label: t('permission.objects'),
            children: <ObjectRights draft={draft} onChange={change} />,
          },
          { key: 'fields', label: t('permission.fields'), children: <FieldRights draft={draft} onChange={change} /> },
          { key: 'system', label: t('permission.system'), children: <SystemRights draft={draft} onChange={change} /> },
          {
            key: 'group',
            label: `${t('permission.group')}${draft.includes ? ` (${draft.includes.length})` : ''}`,
            children: <IncludedSets name={set.name} draft={draft} onChange={change} />,
          },
          {
            key: 'login',
            label: t('policy.login.tab'),
            children: (
              <LoginFields
                of="set"
                login={draft.login ?? {}}
                onChange={change && ((login) => change({ ...draft, login }))}
              />
            ),
          },
          {
            key: 'users',
            label: `${t('setup.users')} (${set.users.length})`,
            children: <PermissionSetUsers set={set} />,
          },
        ]}
      />
      {isCloning && <NewPermissionSet original={{ ...set, ...draft }} onClose={() => setCloning(false)} />}
    </div>
  )
}
