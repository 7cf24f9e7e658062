// A connected app to make or to change: its ways to a token, its scopes, and who may use it from where.
import Checkbox from 'antd/es/checkbox'
import Input from 'antd/es/input'
import InputNumber from 'antd/es/input-number'
import Select from 'antd/es/select'
import { useTranslation } from 'react-i18next'
import { createApp, updateApp, type AppDraft, type ConnectedApp } from '../../api/federation'
import { useReady } from '../../frame/useReady'
import { FieldRow } from '../../records/fields/FieldRow'
import { DraftDrawer } from '../DraftDrawer'
import { useDraft } from '../useDraft'
import { UserPicker } from '../UserPicker'
import { NameList } from './NameList'
import { PermissionSetList } from './PermissionSetList'

const GRANTS = ['authorization_code', 'device_code', 'jwt_bearer', 'client_credentials', 'password'] as const
const SCOPES = ['api', 'web', 'full', 'read_only', 'refresh_token', 'openid', 'profile', 'email']

export interface MadeApp {
  label: string
  client_id: string
  client_secret: string | null
}

interface AppFormProps {
  app: ConnectedApp | null
  onClose: () => void
  onSaved: (made: MadeApp | null) => void
}

export function AppForm({ app, onClose, onSaved }: AppFormProps) {
  const { t } = useTranslation()
  const ready = useReady()
  const draft = useDraft<AppDraft>({
    label: app?.label ?? '',
    description: app?.description ?? null,
    grants: app?.grants ?? ['authorization_code'],
    scopes: app?.scopes ?? ['api', 'refresh_token'],
    redirect_uris: app?.redirect_uris ?? [],
    certificate: app?.certificate ?? null,
    ip_ranges: app?.ip_ranges ?? [],
    admission: app?.admission ?? 'self',
    permission_sets: app?.permission_sets ?? [],
    refresh_days: app?.refresh_days ?? 30,
    run_as_user_id: app?.run_as?.id ?? null,
    public: app?.public ?? false,
  })
  const { values, set, errorsOf } = draft

  async function save() {
    if (app === null) return onSaved({ label: values.label, ...(await createApp(values)) })
    const { public: _public, ...changed } = values
    await updateApp(app.id, changed)
    ready(t('form.saved'))
    onSaved(null)
  }

  const has = (grant: string) => values.grants.includes(grant)
  return (
    <DraftDrawer
      title={app ? t('federation.editApp', { name: app.label }) : t('federation.newApp')}
      problems={draft.general}
      isBusy={draft.isBusy}
      onClose={onClose}
      onSubmit={() => void draft.submit(['label'], save)}
    >
      <FieldRow id="app-label" label={t('federation.label')} required help={t('federation.labelHelp')} errors={errorsOf('label')}>
        <Input id="app-label" autoFocus maxLength={80} value={values.label} onChange={(event) => set('label', event.target.value)} />
      </FieldRow>
      <FieldRow id="app-description" label={t('federation.description')} errors={errorsOf('description')}>
        <Input
          id="app-description"
          maxLength={1000}
          value={values.description ?? ''}
          onChange={(event) => set('description', event.target.value)}
        />
      </FieldRow>
      {app === null && (
        <Checkbox checked={values.public ?? false} onChange={(event) => set('public', event.target.checked)}>
          {t('federation.isPublic')}
        </Checkbox>
      )}
      <FieldRow id="app-grants" label={t('federation.grants')} required errors={errorsOf('grants')}>
        <Select
          id="app-grants"
          mode="multiple"
          virtual={false}
          value={values.grants}
          options={GRANTS.map((each) => ({ value: each, label: t(`federation.grant.${each}`) }))}
          onChange={(grants: string[]) => set('grants', grants)}
        />
      </FieldRow>
      {has('authorization_code') && (
        <FieldRow
          id="app-redirects"
          label={t('federation.redirectUris')}
          required
          help={t('federation.redirectUrisHelp')}
          errors={errorsOf('redirect_uris')}
        >
          <NameList id="app-redirects" value={values.redirect_uris} onChange={(uris) => set('redirect_uris', uris)} />
        </FieldRow>
      )}
      {has('jwt_bearer') && (
        <FieldRow id="app-certificate" label={t('federation.certificate')} required errors={errorsOf('certificate')}>
          <Input.TextArea
            id="app-certificate"
            className="mono"
            rows={5}
            value={values.certificate ?? ''}
            onChange={(event) => set('certificate', event.target.value)}
          />
        </FieldRow>
      )}
      {has('client_credentials') && (
        <FieldRow id="app-user" label={t('federation.runAs')} required errors={errorsOf('run_as_user_id')}>
          <UserPicker value={values.run_as_user_id} label={t('federation.runAs')} onChange={(id) => set('run_as_user_id', id)} />
        </FieldRow>
      )}
      <FieldRow id="app-scopes" label={t('federation.scopes')} required help={t('federation.scopesHelp')} errors={errorsOf('scopes')}>
        <NameList id="app-scopes" value={values.scopes} offered={SCOPES} onChange={(scopes) => set('scopes', scopes)} />
      </FieldRow>
      <FieldRow id="app-admission" label={t('federation.admission')} errors={errorsOf('admission')}>
        <Select
          id="app-admission"
          value={values.admission}
          options={(['self', 'approved'] as const).map((each) => ({ value: each, label: t(`federation.admissions.${each}`) }))}
          onChange={(admission) => set('admission', admission)}
        />
      </FieldRow>
      {values.admission === 'approved' && (
        <FieldRow id="app-sets" label={t('federation.permissionSets')} required errors={errorsOf('permission_sets')}>
          <PermissionSetList id="app-sets" value={values.permission_sets} onChange={(sets) => set('permission_sets', sets)} />
        </FieldRow>
      )}
      <FieldRow id="app-ranges" label={t('federation.ipRanges')} help={t('federation.ipRangesHelp')} errors={errorsOf('ip_ranges')}>
        <NameList id="app-ranges" value={values.ip_ranges} onChange={(ranges) => set('ip_ranges', ranges)} />
      </FieldRow>
      <FieldRow id="app-days" label={t('federation.refreshDays')} errors={errorsOf('refresh_days')}>
        <InputNumber
          id="app-days"
          min={1}
          max={365}
          value={values.refresh_days}
          onChange={(days) => set('refresh_days', days ?? 1)}
        />
      </FieldRow>
    </DraftDrawer>
  )
}
