// What an app may do, in words.
import { useTranslation } from 'react-i18next'

const KNOWN = ['full', 'api', 'web', 'read_only', 'refresh_token', 'offline_access', 'openid', 'profile', 'email', 'id'] as const

export function useScopeText(): (scope: string) => string {
  const { t } = useTranslation()
  return (scope) => {
    const [kind, object = '', act] = scope.split(':')
    if (kind === 'object') return t(act === 'read' ? 'federation.scope.objectRead' : 'federation.scope.object', { object })
    const known = KNOWN.find((each) => each === scope)
    return known ? t(`federation.scope.${known}`) : scope
  }
}

export function ScopeList({ scopes }: { scopes: string[] }) {
  const text = useScopeText()
  const texts = [...new Set(scopes.map(text))]
  return (
    <ul className="scope-list">
      {texts.map((each) => (
        <li key={each}>{each}</li>
      ))}
    </ul>
  )
}
