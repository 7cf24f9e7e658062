// An identity provider to set up or to change: where it is, what it calls our fields, and what its groups mean.
import Checkbox from 'antd/es/checkbox'
import Input from 'antd/es/input'
import { useTranslation } from 'react-i18next'
import { createProvider, updateProvider, type IdentityProvider, type ProviderDraft } from '../../api/federation'
import { useReady } from '../../frame/useReady'
import { FieldRow } from '../../records/fields/FieldRow'
import { DraftDrawer } from '../DraftDrawer'
import { useDraft } from '../useDraft'
import { Mappings } from './Mappings'
import { PermissionSetList } from './PermissionSetList'
import { ProviderAddresses } from './ProviderAddresses'
import { SamlOptions } from './SamlOptions'
import { newProvider, splitCertificates } from './providers'

const ATTRIBUTES = ['username', 'email', 'first_name', 'last_name'] as const

interface ProviderFormProps {
  provider: IdentityProvider | null
  kind: 'oidc' | 'saml'
  onClose: () => void
  onSaved: () => void
}

export function ProviderForm({ provider, kind, onClose, onSaved }: ProviderFormProps) {
  const { t } = useTranslation()
  const ready = useReady()
  const draft = useDraft<ProviderDraft>(newProvider(kind, provider))
  const { values, set, errorsOf } = draft

  async function save() {
    if (provider === null) await createProvider({ ...values, kind })
    else await updateProvider(provider.id, values)
    ready(t('form.saved'))
    onSaved()
  }

  const text = (name: 'issuer' | 'client_id' | 'scopes' | 'entity_id' | 'sign_in_url', label: string) => (
    <FieldRow id={`provider-${name}`} label={label} required errors={errorsOf(name)}>
      <Input
        id={`provider-${name}`}
        value={values[name] ?? ''}
        onChange={(event) => set(name, event.target.value.trim())}
      />
    </FieldRow>
  )
  const required: (keyof ProviderDraft)[] = kind === 'oidc' ? ['issuer', 'client_id'] : ['entity_id', 'sign_in_url']
  return (
    <DraftDrawer
      title={
        provider
          ? t('federation.editProvider', { name: provider.label })
          : t(kind === 'oidc' ? 'federation.newOidc' : 'federation.newSaml')
      }
      problems={draft.general}
      isBusy={draft.isBusy}
      onClose={onClose}
      onSubmit={() => void draft.submit([...(provider ? [] : (['name'] as const)), 'label', ...required], save)}
    >
      {provider === null && (
        <FieldRow
          id="provider-name"
          label={t('federation.shortName')}
          required
          help={t('federation.shortNameHelp')}
          errors={errorsOf('name')}
        >
          <Input id="provider-name" autoFocus value={values.name} onChange={(event) => set('name', event.target.value)} />
        </FieldRow>
      )}
      <FieldRow
        id="provider-label"
        label={t('federation.label')}
        required
        help={t('federation.providerLabelHelp')}
        errors={errorsOf('label')}
      >
        <Input id="provider-label" maxLength={80} value={values.label} onChange={(event) => set('label', event.target.value)} />
      </FieldRow>
      <Checkbox checked={values.is_active} onChange={(event) => set('is_active', event.target.checked)}>
        {t('federation.isActive')}
      </Checkbox>
      {kind === 'oidc' ? (
        <>
          {text('issuer', t('federation.issuer'))}
          {text('client_id', t('federation.clientId'))}
          <FieldRow
            id="provider-secret"
            label={t('federation.clientSecret')}
            hint={provider?.has_secret ? t('federation.secretKept') : undefined}
            errors={errorsOf('client_secret')}
          >
            <Input.Password
              id="provider-secret"
              autoComplete="new-password"
              value={values.client_secret ?? ''}
              onChange={(event) => set('client_secret', event.target.value || null)}
            />
          </FieldRow>
          <FieldRow id="provider-scopes" label={t('federation.requestedScopes')} required errors={errorsOf('scopes')}>
            <Input id="provider-scopes" value={values.scopes} onChange={(event) => set('scopes', event.target.value)} />
          </FieldRow>
        </>
      ) : (
        <>
          {text('entity_id', t('federation.entityId'))}
          {text('sign_in_url', t('federation.signInUrl'))}
          <SamlOptions provider={provider} draft={draft} />
          <FieldRow
            id="provider-certificates"
            label={t('federation.certificates')}
            required
            errors={errorsOf('certificates')}
          >
            <Input.TextArea
              id="provider-certificates"
              className="mono"
              rows={6}
              defaultValue={(values.certificates ?? []).join('\n')}
              onChange={(event) => set('certificates', splitCertificates(event.target.value))}
            />
          </FieldRow>
          <FieldRow
            id="provider-subject"
            label={t('federation.subjectAttribute')}
            help={t('federation.subjectAttributeHelp')}
            errors={errorsOf('subject_attribute')}
          >
            <Input
              id="provider-subject"
              value={values.subject_attribute ?? ''}
              onChange={(event) => set('subject_attribute', event.target.value || null)}
            />
          </FieldRow>
        </>
      )}
      <h3>{t('federation.attributes')}</h3>
      <div className="fields fields-2">
        {ATTRIBUTES.map((name) => (
          <FieldRow
            key={name}
            id={`attribute-${name}`}
            label={t(`federation.attribute.${name}`)}
            errors={name === 'username' ? errorsOf('attributes') : undefined}
          >
            <Input
              id={`attribute-${name}`}
              value={values.attributes[name] ?? ''}
              onChange={(event) => {
                const { [name]: _, ...others } = values.attributes
                set('attributes', event.target.value === '' ? others : { ...others, [name]: event.target.value })
              }}
            />
          </FieldRow>
        ))}
      </div>
      <Checkbox checked={values.provision} onChange={(event) => set('provision', event.target.checked)}>
        {t('federation.provision')}
      </Checkbox>
      <Checkbox checked={values.update_users} onChange={(event) => set('update_users', event.target.checked)}>
        {t('federation.updateUsers')}
      </Checkbox>
      {values.provision && (
        <FieldRow id="provider-sets" label={t('federation.newUserSets')} errors={errorsOf('permission_sets')}>
          <PermissionSetList id="provider-sets" value={values.permission_sets} onChange={(sets) => set('permission_sets', sets)} />
        </FieldRow>
      )}
      <FieldRow id="provider-groups" label={t('federation.groupsAttribute')} errors={errorsOf('groups')}>
        <Input
          id="provider-groups"
          value={values.groups ?? ''}
          onChange={(event) => set('groups', event.target.value || null)}
        />
      </FieldRow>
      <Mappings value={values.mappings} onChange={(mappings) => set('mappings', mappings)} errors={errorsOf('mappings')} />
      {provider !== null && <ProviderAddresses addresses={provider.addresses} />}
    </DraftDrawer>
  )
}
