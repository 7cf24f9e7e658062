// The look: one accent, calm greys, two densities; contrast holds WCAG AA in light and dark.
import theme from 'antd/es/theme'
import type { ThemeConfig } from 'antd'
import type { Language } from '../api/types'

const FONT = [
  'Inter',
  'system-ui',
  '-apple-system',
  '"Segoe UI"',
  '"PingFang SC"',
  '"Microsoft YaHei"',
  '"Noto Sans SC"',
  '"Noto Sans CJK SC"',
  'sans-serif',
].join(', ')

// Quotation marks and dashes are as wide as a character in Chinese; Latin fonts would draw them half as wide.
const CHINESE_FONT = `"Chinese punctuation", ${FONT}`

export function makeTheme(
  isDark: boolean,
  density: 'compact' | 'comfortable',
  language: Language,
  isStill: boolean,
): ThemeConfig {
  const isCompact = density === 'compact'
  return {
    algorithm: isDark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    cssVar: { key: 'chassis' },
    hashed: false,
    token: {
      colorPrimary: isDark ? '#4cc7d1' : '#0b6670',
      colorLink: isDark ? '#6fd0d8' : '#0b6670',
      colorInfo: isDark ? '#4cc7d1' : '#0b6670',
      colorSuccess: isDark ? '#5fc48a' : '#1d7a4a',
      colorWarning: isDark ? '#e0a84a' : '#9a5b00',
      colorError: isDark ? '#ff9d97' : '#c0302b',
      // Palettes made from so dark a seed turn grey; these keep its hue.
      ...(isDark
        ? {}
        : {
            colorPrimaryHover: '#0e7f8b',
            colorPrimaryActive: '#084f57',
            colorPrimaryBg: '#e4f0f1',
            colorPrimaryBgHover: '#d3e7e9',
            colorPrimaryBorder: '#9fc9cd',
            colorInfoBg: '#e8f3f4',
            colorInfoBorder: '#b7d6d9',
            colorWarningBg: '#fdf4e3',
            colorWarningBorder: '#e3bf83',
            colorSuccessBg: '#e8f5ee',
            colorSuccessBorder: '#a3d3b9',
            colorErrorBg: '#fdeeed',
            colorErrorBorder: '#eeb3b0',
            colorLinkHover: '#0e7f8b',
            colorLinkActive: '#084f57',
          }),
      colorTextBase: isDark ? '#e8edee' : '#182326',
      colorBgBase: isDark ? '#101416' : '#ffffff',
      // The defaults fall short of 4.5 : 1 on our greys.
      colorTextSecondary: isDark ? '#b2bcbf' : '#4d5b60',
      colorTextTertiary: isDark ? '#98a4a8' : '#5f6d72',
      colorTextDescription: isDark ? '#98a4a8' : '#5f6d72',
      colorTextPlaceholder: isDark ? '#8a969a' : '#6b787d',
      colorBgLayout: isDark ? '#0b0e10' : '#f4f6f6',
      // Where a control begins is seen: 3 : 1.
      colorBorder: isDark ? '#6b7a80' : '#c9d1d3',
      colorBorderSecondary: isDark ? '#262e31' : '#e3e8e9',
      fontFamily: language === 'zh_CN' ? CHINESE_FONT : FONT,
      fontSize: isCompact ? 13 : 14,
      fontSizeSM: 12,
      controlHeight: isCompact ? 30 : 36,
      sizeStep: isCompact ? 3 : 4,
      borderRadius: 5,
      motion: !isStill,
      motionDurationMid: '0.12s',
      motionDurationSlow: '0.18s',
    },
    components: {
      Button: {
        primaryColor: isDark ? '#04272a' : '#ffffff',
        primaryShadow: 'none',
        defaultShadow: 'none',
        dangerShadow: 'none',
      },
      Segmented: { trackBg: isDark ? '#1d2427' : '#e4e9ea', itemColor: isDark ? '#b2bcbf' : '#4d5b60' },
      Tabs: { horizontalItemPadding: isCompact ? '9px 0' : '12px 0' },
    },
  }
}
