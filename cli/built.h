/* SPDX-License-Identifier: Apache-2.0 */
/* Running from the build folder, where nothing is installed yet. Knows how that folder is laid out, and nothing of
 * plugins. */
#ifndef CLI_BUILT_H
#define CLI_BUILT_H

/*
 * When this program lies in a build folder, the plugins that were built with it are looked for before the installed
 * ones: they are put behind those of AXVCPU_PLUGIN_ADD_PATH. AXVCPU_PLUGIN_PATH replaces them, as it does the others.
 * Call it before any thread.
 */
void built_add_plugins(void);

#endif
