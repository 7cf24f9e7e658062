// The sections of Setup that the signed-in user may open.
import { useTranslation } from 'react-i18next'
import { useSession } from '../frame/session'

export interface SetupSection {
  to: string
  label: string
}

export function useSetupSections(): SetupSection[] {
  const { t } = useTranslation()
  const { permissions } = useSession()
  const sections = [
    { to: '/admin/objects', label: t('setup.objects'), needs: 'ViewSetup' },
    { to: '/admin/logic', label: t('setup.logic'), needs: 'ViewSetup' },
    { to: '/admin/flow-runs', label: t('setup.flowRuns'), needs: 'ManageMetadata' },
    { to: '/admin/formula', label: t('setup.formula'), needs: 'ManageMetadata' },
    { to: '/admin/users', label: t('setup.users'), needs: 'ManageUsers' },
    { to: '/admin/permission-sets', label: t('setup.permissionSets'), needs: 'ViewSetup' },
    { to: '/admin/roles', label: t('setup.roles'), needs: 'ViewSetup' },
    { to: '/admin/groups', label: t('group.title'), needs: 'ViewSetup' },
    { to: '/admin/sharing', label: t('sharing.setup'), needs: 'ViewSetup' },
    { to: '/admin/record-access', label: t('sharing.explain'), needs: 'ManageSharing' },
    { to: '/admin/data-dictionary', label: t('dictionary.title'), needs: 'ViewSetup' },
    { to: '/admin/encryption', label: t('encryption.title'), needs: 'ManageKeys' },
    { to: '/admin/privacy', label: t('privacy.title'), needs: 'ManagePrivacy' },
    { to: '/admin/imports', label: t('imports.title'), needs: 'ImportData' },
    { to: '/admin/packages', label: t('setup.packages'), needs: 'ViewSetup' },
    { to: '/admin/security-policy', label: t('setup.securityPolicy'), needs: 'ManageSecurity' },
    { to: '/admin/administration-requests', label: t('fourEyes.title'), needs: 'ViewSetup' },
    { to: '/admin/sessions', label: t('setup.sessions'), needs: 'ManageUsers' },
    { to: '/admin/inbound', label: t('setup.inbound'), needs: 'ManageInbound' },
    { to: '/admin/inbound-keys', label: t('inboundKey.title'), needs: 'ManageConnections' },
    { to: '/admin/identity-providers', label: t('federation.providers'), needs: 'ManageSecurity' },
    { to: '/admin/connected-apps', label: t('federation.apps'), needs: 'ManageConnections' },
    { to: '/admin/scim', label: t('federation.scim'), needs: 'ManageConnections' },
    { to: '/admin/webhooks', label: t('webhook.title'), needs: 'ManageConnections' },
    { to: '/admin/limits', label: t('limits.title'), needs: 'ViewSetup' },
    { to: '/docs', label: t('apiDocs.title'), needs: 'ViewSetup' },
  ]
  return sections.filter((section) => permissions.includes(section.needs))
}
