// Every screen has an address; each is loaded when it is first opened.
import { createBrowserRouter, type RouteObject } from 'react-router'
import { Frame } from './Frame'
import { NotFound } from './NotFound'
import { RouteError } from './RouteError'
import { SessionGate } from './SessionGate'

const screens: RouteObject[] = [
  { index: true, lazy: async () => ({ Component: (await import('./FirstTab')).FirstTab }) },
  { path: 'home', lazy: async () => ({ Component: (await import('./Home')).Home }) },
  { path: 'o/:object', lazy: async () => ({ Component: (await import('../records/list/ListPage')).ListPage }) },
  {
    path: 'o/:object/new',
    lazy: async () => ({ Component: (await import('../records/form/NewRecordPage')).NewRecordPage }),
  },
  { path: 'r/:id', lazy: async () => ({ Component: (await import('../records/record/RecordPage')).RecordPage }) },
  { path: 'merge', lazy: async () => ({ Component: (await import('../records/merge/MergePage')).MergePage }) },
  {
    path: 'approvals',
    lazy: async () => ({ Component: (await import('../approvals/ApprovalsPage')).ApprovalsPage }),
  },
  { path: 'authorize', lazy: async () => ({ Component: (await import('../federation/ConsentPage')).ConsentPage }) },
  { path: 'device', lazy: async () => ({ Component: (await import('../federation/DevicePage')).DevicePage }) },
  { path: 'login/:tenant', lazy: async () => ({ Component: (await import('./FirstTab')).FirstTab }) },
  {
    path: 'my-security',
    lazy: async () => ({ Component: (await import('../security/MySecurityPage')).MySecurityPage }),
  },
  { path: 'docs', lazy: async () => ({ Component: (await import('../docs/DocsPage')).DocsPage }) },
  { path: 'search', lazy: async () => ({ Component: (await import('../records/SearchPage')).SearchPage }) },
  { path: 'recycle-bin', lazy: async () => ({ Component: (await import('../records/RecycleBin')).RecycleBin }) },
  // Not /setup: that is where the server's own routes are.
  {
    path: 'admin',
    lazy: async () => ({ Component: (await import('../setup/SetupFrame')).SetupFrame }),
    children: [
      { index: true, lazy: async () => ({ Component: (await import('../setup/SetupHome')).SetupHome }) },
      { path: 'objects', lazy: async () => ({ Component: (await import('../setup/ObjectsPage')).ObjectsPage }) },
      { path: 'objects/:object', lazy: async () => ({ Component: (await import('../setup/ObjectPage')).ObjectPage }) },
      { path: 'users', lazy: async () => ({ Component: (await import('../setup/UsersPage')).UsersPage }) },
      {
        path: 'permission-sets',
        lazy: async () => ({ Component: (await import('../setup/PermissionSetsPage')).PermissionSetsPage }),
      },
      {
        path: 'permission-sets/:name',
        lazy: async () => ({ Component: (await import('../setup/PermissionSetPage')).PermissionSetPage }),
      },
      {
        path: 'administration-requests',
        lazy: async () => ({
          Component: (await import('../setup/security/AdministrationRequestsPage')).AdministrationRequestsPage,
        }),
      },
      {
        path: 'security-policy',
        lazy: async () => ({
          Component: (await import('../setup/security/SecurityPolicyPage')).SecurityPolicyPage,
        }),
      },
      {
        path: 'data-dictionary',
        lazy: async () => ({ Component: (await import('../setup/DictionaryPage')).DictionaryPage }),
      },
      {
        path: 'encryption',
        lazy: async () => ({ Component: (await import('../setup/encryption/EncryptionPage')).EncryptionPage }),
      },
      {
        path: 'webhooks',
        lazy: async () => ({ Component: (await import('../setup/webhooks/WebhooksPage')).WebhooksPage }),
      },
      { path: 'imports', lazy: async () => ({ Component: (await import('../imports/ImportsPage')).ImportsPage }) },
      {
        path: 'imports/new',
        lazy: async () => ({ Component: (await import('../imports/NewImportPage')).NewImportPage }),
      },
      { path: 'imports/:id', lazy: async () => ({ Component: (await import('../imports/ImportPage')).ImportPage }) },
      { path: 'roles', lazy: async () => ({ Component: (await import('../setup/RolesPage')).RolesPage }) },
      { path: 'packages', lazy: async () => ({ Component: (await import('../setup/PackagesPage')).PackagesPage }) },
      { path: 'groups', lazy: async () => ({ Component: (await import('../sharing/GroupsPage')).GroupsPage }) },
      { path: 'groups/:id', lazy: async () => ({ Component: (await import('../sharing/GroupPage')).GroupPage }) },
      { path: 'sharing', lazy: async () => ({ Component: (await import('../sharing/SharingPage')).SharingPage }) },
      { path: 'privacy', lazy: async () => ({ Component: (await import('../privacy/PrivacyPage')).PrivacyPage }) },
      {
        path: 'privacy/person',
        lazy: async () => ({ Component: (await import('../privacy/PersonPage')).PersonPage }),
      },
      {
        path: 'record-access',
        lazy: async () => ({ Component: (await import('../sharing/ExplainPage')).ExplainPage }),
      },
      { path: 'sessions', lazy: async () => ({ Component: (await import('../setup/SessionsPage')).SessionsPage }) },
      { path: 'logic', lazy: async () => ({ Component: (await import('../setup/logic/LogicPage')).LogicPage }) },
      {
        path: 'logic/:kind/:name',
        lazy: async () => ({ Component: (await import('../setup/logic/ComponentPage')).ComponentPage }),
      },
      { path: 'formula', lazy: async () => ({ Component: (await import('../setup/logic/FormulaPage')).FormulaPage }) },
      {
        path: 'flow-runs',
        lazy: async () => ({ Component: (await import('../automation/FlowRunsPage')).FlowRunsPage }),
      },
      {
        path: 'connected-apps',
        lazy: async () => ({
          Component: (await import('../setup/federation/ConnectedAppsPage')).ConnectedAppsPage,
        }),
      },
      {
        path: 'identity-providers',
        lazy: async () => ({ Component: (await import('../setup/federation/ProvidersPage')).ProvidersPage }),
      },
      {
        path: 'scim',
        lazy: async () => ({ Component: (await import('../setup/federation/ScimTokensPage')).ScimTokensPage }),
      },
      {
        path: 'limits',
        lazy: async () => ({ Component: (await import('../setup/LimitsPage')).LimitsPage }),
      },
      {
        path: 'inbound-keys',
        lazy: async () => ({ Component: (await import('../setup/InboundKeysPage')).InboundKeysPage }),
      },
      { path: 'inbound', lazy: async () => ({ Component: (await import('../setup/InboundPage')).InboundPage }) },
    ],
  },
  { path: 'audit', lazy: async () => ({ Component: (await import('../audit/AuditPage')).AuditPage }) },
  { path: 'audit/:journal', lazy: async () => ({ Component: (await import('../audit/AuditPage')).AuditPage }) },
  { path: '*', Component: NotFound },
]

export const router = createBrowserRouter([
  {
    path: 'reset-password',
    lazy: async () => ({ Component: (await import('../security/ResetPasswordPage')).ResetPasswordPage }),
    hydrateFallbackElement: <></>,
  },
  {
    path: 'break-glass',
    lazy: async () => ({ Component: (await import('../security/BreakGlassPage')).BreakGlassPage }),
    hydrateFallbackElement: <></>,
  },
  {
    element: (
      <SessionGate>
        <Frame />
      </SessionGate>
    ),
    // Each screen's failure stays inside the frame.
    children: [{ errorElement: <RouteError />, children: screens }],
    errorElement: <RouteError />,
    hydrateFallbackElement: <></>,
  },
])
