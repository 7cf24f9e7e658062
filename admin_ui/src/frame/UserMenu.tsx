// Who is signed in, how the application should look, and the way out.
import {
  ApiOutlined,
  BgColorsOutlined,
  ColumnHeightOutlined,
  LogoutOutlined,
  QuestionCircleOutlined,
  SafetyCertificateOutlined,
  TranslationOutlined,
} from '@ant-design/icons'
import Dropdown from 'antd/es/dropdown'
import type { MenuProps } from 'antd'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { signOut } from '../api/endpoints'
import { setPreferences, usePreferences } from './preferences'
import { useMay, useSession } from './session'
import { useIsPhone } from './useMedia'
import { useSwitchLanguage } from './useSwitchLanguage'

export function UserMenu({ onHelp }: { onHelp: () => void }) {
  const { t, i18n } = useTranslation()
  const { user } = useSession()
  const { theme, density } = usePreferences()
  const isPhone = useIsPhone()
  const mayCall = useMay('ApiEnabled')
  const navigate = useNavigate()
  const switchLanguage = useSwitchLanguage()

  const ofPhone: MenuProps['items'] = isPhone
    ? [
        {
          key: 'language',
          icon: <TranslationOutlined aria-hidden />,
          label: i18n.language === 'zh_CN' ? 'English' : '中文',
          onClick: () => void switchLanguage(i18n.language === 'zh_CN' ? 'en_US' : 'zh_CN'),
        },
        { key: 'help', icon: <QuestionCircleOutlined aria-hidden />, label: t('frame.help'), onClick: onHelp },
      ]
    : []
  const themes = ['system', 'light', 'dark'] as const
  const densities = ['compact', 'comfortable'] as const
  const items: MenuProps['items'] = [
    {
      key: 'who',
      type: 'group',
      label: (
        <span className="user-menu-who">
          <strong>{user.name}</strong>
          <span>{[user.role, user.username].filter(Boolean).join(' · ')}</span>
        </span>
      ),
    },
    { type: 'divider' },
    {
      key: 'security',
      icon: <SafetyCertificateOutlined aria-hidden />,
      label: t('security.mine'),
      onClick: () => void navigate('/my-security'),
    },
    ...(mayCall
      ? [
          {
            key: 'docs',
            icon: <ApiOutlined aria-hidden />,
            label: t('apiDocs.title'),
            onClick: () => void navigate('/docs'),
          },
        ]
      : []),
    {
      key: 'theme',
      icon: <BgColorsOutlined aria-hidden />,
      label: t('frame.theme'),
      children: themes.map((each) => ({
        key: `theme-${each}`,
        label: t(`frame.themes.${each}`),
        className: each === theme ? 'menu-chosen' : undefined,
        onClick: () => setPreferences({ theme: each }),
      })),
    },
    {
      key: 'density',
      icon: <ColumnHeightOutlined aria-hidden />,
      label: t('frame.density'),
      children: densities.map((each) => ({
        key: `density-${each}`,
        label: t(`frame.densities.${each}`),
        className: each === density ? 'menu-chosen' : undefined,
        onClick: () => setPreferences({ density: each }),
      })),
    },
    ...ofPhone,
    { type: 'divider' },
    {
      key: 'out',
      icon: <LogoutOutlined aria-hidden />,
      label: t('frame.signOut'),
      onClick: () => void signOut(),
    },
  ]

  return (
    <Dropdown trigger={['click']} placement="bottomRight" menu={{ items, selectable: false }}>
      <button
        type="button"
        className="user-button"
        aria-label={`${initials(user.name)} · ${t('frame.userMenu', { name: user.name })}`}
      >
        <span className="avatar" aria-hidden>
          {initials(user.name)}
        </span>
      </button>
    </Dropdown>
  )
}

/** The family name's character of a Chinese name, the two initials of others. */
function initials(name: string): string {
  const words = name.trim().split(/\s+/)
  if (words.length === 1) return [...(words[0] ?? '')].slice(0, 1).join('')
  return [words[0], words.at(-1)].map((word) => [...(word ?? '')][0] ?? '').join('')
}
