// The identity providers that the sign-in page offers: known by the address, or by the end of the user name.
import { useQuery } from '@tanstack/react-query'
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import { useTranslation } from 'react-i18next'
import { signInOptions, type SignInOptions } from '../api/federation'
import { useDebounced } from '../frame/useDebounced'

const PROBLEMS = ['refused', 'not_linked', 'inactive', 'unavailable'] as const

/** What is offered to whoever types this user name, or comes by /login/{organisation}. */
export function useSignInOptions(username: string): SignInOptions | undefined {
  const typed = useDebounced(username.trim(), 400)
  const tenant = /^\/login\/([a-z0-9-]+)\/?$/.exec(window.location.pathname)?.[1]
  const query = tenant === undefined ? { username: typed } : { tenant }
  const isKnown = tenant !== undefined || /@[^@\s]+\.[^@\s]{2,}$/.test(typed)
  // Only what is behind the @ counts; nothing of the person is asked.
  const key = tenant ?? typed.split('@').at(-1)
  return useQuery({
    queryKey: ['sign-in-options', key],
    queryFn: () => signInOptions(query),
    enabled: isKnown,
    retry: false,
    staleTime: 300_000,
  }).data
}

export function SsoChoice({ options }: { options: SignInOptions | undefined }) {
  const { t } = useTranslation()
  const told = new URLSearchParams(window.location.search).get('sso_problem')
  const problem = told === null ? undefined : (PROBLEMS.find((each) => each === told) ?? 'refused')
  const path = window.location.pathname.startsWith('/login/') ? '/' : window.location.pathname
  const back = problem === undefined ? path + window.location.search : '/'
  return (
    <>
      {problem && <Alert type="error" showIcon role="alert" title={t(`federation.problem.${problem}`)} />}
      {options !== undefined && options.providers.length > 0 && (
        <div className="sso-choice" role="group" aria-label={t('federation.otherWays')}>
          {options.providers.map((each) => (
            <Button key={each.name} size="large" block href={`${each.start}?return=${encodeURIComponent(back)}`}>
              {t('federation.signInWith', { name: each.label })}
            </Button>
          ))}
          {!options.only_sso && <span className="sso-or muted small">{t('federation.orPassword')}</span>}
        </div>
      )}
    </>
  )
}
